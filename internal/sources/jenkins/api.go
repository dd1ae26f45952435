package jenkins

import (
	"strconv"
	"strings"
	"time"
)

// What is asked of a build and of a job in lists. Jenkins serves all it has of
// an object unless a tree names what is wanted.
const (
	causeTree  = "causes[shortDescription,userId,userName,upstreamProject,upstreamBuild]"
	paramTree  = "parameters[_class,name,value]"
	changeTree = "items[commitId,msg,timestamp,author[fullName]]{0,20}"
	buildTree  = "number,result,building,timestamp,duration,estimatedDuration,queueId,description,actions[" + causeTree + "," + paramTree +
		",lastBuiltRevision[SHA1,branch[name]],remoteUrls],changeSet[" + changeTree + "],changeSets[" + changeTree + "]"
	lastTree  = "number,building,result,timestamp"
	queueTree = "items[id,why,inQueueSince,cancelled,stuck,task[name,url],actions[" + causeTree + "," + paramTree + "]]"
	paramDefs = "property[parameterDefinitions[_class,name,type,description,choices,defaultParameterValue[name,value]]]"
)

// apiItem is a folder or a job.
type apiItem struct {
	Class     string     `json:"_class"`
	Name      string     `json:"name"`
	Display   string     `json:"displayName"`
	Color     *string    `json:"color"`
	Buildable *bool      `json:"buildable"`
	Last      *summary   `json:"lastBuild"`
	Jobs      *[]apiItem `json:"jobs"`
	Builds    []apiBuild `json:"builds"`

	Next       int           `json:"nextBuildNumber"`
	Properties []apiProperty `json:"property"`
	About      string        `json:"description"`
	InQueue    bool          `json:"inQueue"`
	FullName   string        `json:"fullName"`
}

// isFolder reports whether it holds jobs instead of being one.
func (it *apiItem) isFolder() bool { return it.Jobs != nil }

// summary is how the last build of a job stands.
type summary struct {
	Number    int    `json:"number"`
	Building  bool   `json:"building"`
	Result    string `json:"result"`
	Timestamp int64  `json:"timestamp"`
}

type apiProperty struct {
	Parameters []apiParameter `json:"parameterDefinitions"`
}

// apiParameter is the definition of a parameter.
type apiParameter struct {
	Class   string    `json:"_class"`
	Name    string    `json:"name"`
	Type    string    `json:"type"`
	Help    string    `json:"description"`
	Choices []string  `json:"choices"`
	Default *apiValue `json:"defaultParameterValue"`
}

// kind is the definition's type without what all of them end in: "String".
func (p *apiParameter) kind() string {
	t := p.Type
	if t == "" {
		t = p.Class[strings.LastIndexAny(p.Class, ".$")+1:]
	}
	return strings.TrimSuffix(t, "ParameterDefinition")
}

// apiValue is a parameter's value: text, a truth or a number; a password has
// none to read.
type apiValue struct {
	Class string `json:"_class"`
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// text is the value as it is sent.
func (v *apiValue) text() (string, bool) {
	switch x := v.Value.(type) {
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	}
	return "", false
}

func (v *apiValue) isPassword() bool { return strings.Contains(v.Class, "Password") }

type apiCause struct {
	Class    string `json:"_class"`
	Text     string `json:"shortDescription"`
	UserID   string `json:"userId"`
	UserName string `json:"userName"`
	Upstream string `json:"upstreamProject"`
	Number   int    `json:"upstreamBuild"`
}

type apiAction struct {
	Causes     []apiCause `json:"causes"`
	Parameters []apiValue `json:"parameters"`
	Revision   *struct {
		SHA    string `json:"SHA1"`
		Branch []struct {
			Name string `json:"name"`
		} `json:"branch"`
	} `json:"lastBuiltRevision"`
	Remotes []string `json:"remoteUrls"`
}

type apiChanges struct {
	Items []apiCommit `json:"items"`
}

type apiCommit struct {
	ID        string `json:"commitId"`
	Message   string `json:"msg"`
	Timestamp int64  `json:"timestamp"`
	Author    struct {
		Name string `json:"fullName"`
	} `json:"author"`
}

// apiBuild is a build. A freestyle one has changeSet, a Pipeline's changeSets.
type apiBuild struct {
	Class       string       `json:"_class"`
	Number      int          `json:"number"`
	Result      string       `json:"result"`
	Building    bool         `json:"building"`
	Timestamp   int64        `json:"timestamp"`
	Duration    int64        `json:"duration"`
	Usual       int64        `json:"estimatedDuration"`
	QueueID     int64        `json:"queueId"`
	Description string       `json:"description"`
	Actions     []apiAction  `json:"actions"`
	Changes     *apiChanges  `json:"changeSet"`
	ChangeSets  []apiChanges `json:"changeSets"`
}

// uid is the build's identity: a job that was made anew counts from one again.
func (b *apiBuild) uid() string { return buildUID(b.Number, b.Timestamp) }

func buildUID(number int, timestamp int64) string {
	return strconv.Itoa(number) + "@" + strconv.FormatInt(timestamp, 10)
}

func (b *apiBuild) began() time.Time { return fromMillis(b.Timestamp) }

func (b *apiBuild) ended() time.Time {
	if b.Building || b.Timestamp == 0 {
		return time.Time{}
	}
	return fromMillis(b.Timestamp + b.Duration)
}

// commits are the build's changes, in the order of the API.
func (b *apiBuild) commits() []apiCommit {
	var out []apiCommit
	if b.Changes != nil {
		out = append(out, b.Changes.Items...)
	}
	for _, c := range b.ChangeSets {
		out = append(out, c.Items...)
	}
	return out
}

// cause is the one that a human would name: who started it, before what did.
func cause(actions []apiAction) apiCause {
	var found apiCause
	for _, a := range actions {
		for _, c := range a.Causes {
			if c.UserID != "" {
				return c
			}
			if found.Text == "" {
				found = c
			}
		}
	}
	return found
}

// parameters are the values that a build was started with.
func parameters(actions []apiAction) []apiValue {
	var out []apiValue
	for _, a := range actions {
		out = append(out, a.Parameters...)
	}
	return out
}

func fromMillis(ms int64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

type apiQueueItem struct {
	ID        int64       `json:"id"`
	Why       string      `json:"why"`
	Since     int64       `json:"inQueueSince"`
	Cancelled bool        `json:"cancelled"`
	Actions   []apiAction `json:"actions"`
	Task      struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"task"`
	Executable *struct {
		Number int `json:"number"`
	} `json:"executable"`
}

// apiRun is a run as the plugin Pipeline: REST API tells it.
type apiRun struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"` // "#42"
	Status   string     `json:"status"`
	Start    int64      `json:"startTimeMillis"`
	Duration int64      `json:"durationMillis"`
	Stages   []apiStage `json:"stages"`
}

func (r *apiRun) number() int {
	n, _ := strconv.Atoi(strings.TrimPrefix(r.Name, "#"))
	if n == 0 {
		n, _ = strconv.Atoi(r.ID)
	}
	return n
}

// over reports whether the run has ended.
func (r *apiRun) over() bool {
	switch r.Status {
	case "IN_PROGRESS", "PAUSED_PENDING_INPUT", "QUEUED", "":
		return false
	}
	return true
}

type apiStage struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Node     string `json:"execNode"`
	Status   string `json:"status"`
	Start    int64  `json:"startTimeMillis"`
	Duration int64  `json:"durationMillis"`
	Paused   int64  `json:"pauseDurationMillis"`
	Error    *struct {
		Message string `json:"message"`
		Type    string `json:"type"`
	} `json:"error"`
	Steps []apiStage `json:"stageFlowNodes"`
}

// apiInput is a gate that waits for a human.
type apiInput struct {
	ID        string `json:"id"`
	OK        string `json:"proceedText"`
	Message   string `json:"message"`
	Submitter string `json:"submitter"` // some versions tell it
	Inputs    []struct {
		Type       string `json:"type"`
		Name       string `json:"name"`
		Help       string `json:"description"`
		Definition struct {
			Default any      `json:"defaultVal"`
			Choices []string `json:"choices"`
		} `json:"definition"`
	} `json:"inputs"`
}
