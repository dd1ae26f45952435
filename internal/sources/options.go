package sources

import "fmt"

// Ready is o with what a source needs where the caller gave nothing: an empty
// environment, and a gate that lets reads through.
func (o Options) Ready() Options {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Gate == nil {
		o.Gate = new(Gate)
	}
	return o
}

// Configure decodes the section sources.<id> of the configuration into v, if
// there is a configuration.
func (o Options) Configure(id string, v any) error {
	if o.Section == nil {
		return nil
	}
	if err := o.Section(id, v); err != nil {
		return fmt.Errorf("configuration sources.%s: %w", id, err)
	}
	return nil
}
