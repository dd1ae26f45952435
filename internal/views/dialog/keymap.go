package dialog

import "charm.land/bubbles/v2/key"

// The keys inside dialogs. They answer what stands on the screen and are the
// same in every preset: the command table lists them for the help.
var (
	keyCancel    = key.NewBinding(key.WithKeys("esc", "ctrl+c"))
	keyClose     = key.NewBinding(key.WithKeys("esc", "ctrl+c", "q"))
	keyAccept    = key.NewBinding(key.WithKeys("enter"))
	keyYes       = key.NewBinding(key.WithKeys("y"))
	keyNo        = key.NewBinding(key.WithKeys("n", "q"))
	keyUp        = key.NewBinding(key.WithKeys("up"))
	keyDown      = key.NewBinding(key.WithKeys("down"))
	keyPrevious  = key.NewBinding(key.WithKeys("up", "ctrl+p"))
	keyNext      = key.NewBinding(key.WithKeys("down", "ctrl+n"))
	keyVimUp     = key.NewBinding(key.WithKeys("k"))
	keyVimDown   = key.NewBinding(key.WithKeys("j"))
	keyPageUp    = key.NewBinding(key.WithKeys("pgup"))
	keyPageDown  = key.NewBinding(key.WithKeys("pgdown"))
	keyHalfUp    = key.NewBinding(key.WithKeys("ctrl+u"))
	keyHalfDown  = key.NewBinding(key.WithKeys("ctrl+d"))
	keyTop       = key.NewBinding(key.WithKeys("g", "home"))
	keyBottom    = key.NewBinding(key.WithKeys("G", "end"))
	keyMore      = key.NewBinding(key.WithKeys("space", "ctrl+f"))
	keyFieldNext = key.NewBinding(key.WithKeys("tab"))
	keyFieldPrev = key.NewBinding(key.WithKeys("shift+tab"))
	keyLeft      = key.NewBinding(key.WithKeys("left"))
	keyRight     = key.NewBinding(key.WithKeys("right"))
	keySwitch    = key.NewBinding(key.WithKeys("space", "left", "right"))
	keyAgain     = key.NewBinding(key.WithKeys("r"))
	keyEditAgain = key.NewBinding(key.WithKeys("e"))
	keyGlass     = key.NewBinding(key.WithKeys("b"))
	keyCopy      = key.NewBinding(key.WithKeys("c"))
	keyUndo      = key.NewBinding(key.WithKeys("U"))
	keyHelp      = key.NewBinding(key.WithKeys("?", "f1"))
)
