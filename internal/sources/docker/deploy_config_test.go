package docker

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const blueprintID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// printOf makes the blueprint of an inspection given as JSON.
func printOf(t *testing.T, config, host, rest string, from *imageConfig, version string) *blueprint {
	t.Helper()
	raw := fmt.Sprintf(`{"Id":%q,"Name":"/web","Image":"sha256:old","Config":%s,"HostConfig":%s%s}`, blueprintID, config, host, rest)
	b, err := newBlueprint([]byte(raw), from, "shop/web:2", "sha256:new", version)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatTheImageGaveIsNotFrozen(t *testing.T) {
	from := &imageConfig{
		User: "app", Env: []string{"PATH=/bin", "MODE=image"}, Entrypoint: []string{"/run"}, Cmd: []string{"serve"}, WorkingDir: "/srv",
		Labels: map[string]string{"a": "1", "b": "2"}, StopSignal: "SIGQUIT", ExposedPorts: map[string]any{"80/tcp": nil}, Volumes: map[string]any{"/data": nil},
		Healthcheck: map[string]any{"Test": []any{"CMD", "/ok"}, "Interval": json.Number("1000000000")}, Shell: []string{"/bin/bash", "-c"},
	}
	for name, c := range map[string]struct{ config, want string }{
		"everything from the image": {
			`{"User":"app","Env":["PATH=/bin","MODE=image"],"Entrypoint":["/run"],"Cmd":["serve"],"WorkingDir":"/srv","Labels":{"a":"1","b":"2"},
			"StopSignal":"SIGQUIT","ExposedPorts":{"80/tcp":{}},"Volumes":{"/data":{}},"Healthcheck":{"Test":["CMD","/ok"],"Interval":1000000000},"Shell":["/bin/bash","-c"]}`,
			`{"Env":[],"Labels":{},"ExposedPorts":{},"Volumes":{}}`,
		},
		"everything set": {
			`{"User":"me","Env":["PATH=/bin","MODE=mine","X=1"],"Entrypoint":["/other"],"Cmd":["serve"],"WorkingDir":"/","Labels":{"a":"9","c":"3"},
			"StopSignal":"SIGTERM","ExposedPorts":{"80/tcp":{},"81/tcp":{}},"Volumes":{"/mine":{}},"Healthcheck":{"Test":["CMD","/ok"],"Interval":5}}`,
			`{"User":"me","Env":["MODE=mine","X=1"],"Entrypoint":["/other"],"Cmd":["serve"],"WorkingDir":"/","Labels":{"a":"9","c":"3"},
			"StopSignal":"SIGTERM","ExposedPorts":{"81/tcp":{}},"Volumes":{"/mine":{}},"Healthcheck":{"Interval":5}}`,
		},
		"a command for the image's entrypoint": {
			`{"Entrypoint":["/run"],"Cmd":["migrate"],"Future":{"Field":12345678901234567890}}`, `{"Cmd":["migrate"],"Future":{"Field":12345678901234567890}}`,
		},
	} {
		b := printOf(t, c.config, `{}`, "", from, "1.41")
		delete(b.body, "Image")
		delete(b.body, "HostConfig")
		want, err := decodeObject([]byte(c.want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeObject([]byte(toJSON(b.body)))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s\nwant %s", name, toJSON(got), toJSON(want))
		}
	}
	if b := printOf(t, `{"Env":["PATH=/bin"],"Cmd":["serve"]}`, `{}`, "", nil, "1.41"); toJSON(b.body["Env"]) != `["PATH=/bin"]` {
		t.Errorf("without the old image nothing can be told apart: %s", toJSON(b.body))
	}
}

func TestAnonymousVolumesAreMountedByName(t *testing.T) {
	mounts := `,"Mounts":[{"Type":"volume","Name":"aaa","Destination":"/anon","RW":true},{"Type":"volume","Name":"bbb","Destination":"/ro","RW":false},
		{"Type":"volume","Name":"named","Destination":"/data","RW":true},{"Type":"bind","Source":"/etc","Destination":"/etc","RW":true},
		{"Type":"volume","Name":"ccc","Destination":"/mount","RW":true},{"Type":"volume","Name":"ddd","Destination":"/from","RW":true}]`
	host := `{"Binds":["named:/data","/etc:/etc:ro"],"Mounts":[{"Type":"volume","Target":"/mount","VolumeOptions":{"NoCopy":true}}]%s}`
	b := printOf(t, `{}`, fmt.Sprintf(host, ""), mounts, nil, "1.41")
	h := b.body["HostConfig"].(object)
	if got := textList(h["Binds"]); !slices.Equal(got, []string{"named:/data", "/etc:/etc:ro", "aaa:/anon", "bbb:/ro:ro", "ddd:/from"}) {
		t.Errorf("binds %q", got)
	}
	if got := toJSON(h["Mounts"]); got != `[{"Source":"ccc","Target":"/mount","Type":"volume","VolumeOptions":{"NoCopy":true}}]` {
		t.Errorf("mounts %s", got)
	}
	// What comes from other containers is mounted from them again.
	b = printOf(t, `{"Volumes":{"/anon":{}}}`, fmt.Sprintf(host, `,"VolumesFrom":["other"]`), mounts, nil, "1.41")
	if got := textList(b.body["HostConfig"].(object)["Binds"]); !slices.Equal(got, []string{"named:/data", "/etc:/etc:ro", "aaa:/anon"}) {
		t.Errorf("binds with volumes of another: %q", got)
	}
}

func TestNetworksKeepWhatWasAskedFor(t *testing.T) {
	networks := `,"NetworkSettings":{"Networks":{
		"front":{"IPAMConfig":{"IPv4Address":"10.0.0.7"},"Aliases":["www","` + blueprintID[:12] + `"],"NetworkID":"f1","EndpointID":"e1","IPAddress":"10.0.0.7","MacAddress":"aa:bb:cc:00:11:22"},
		"back":{"IPAMConfig":null,"Aliases":null,"NetworkID":"b1","IPAddress":"10.1.0.5","MacAddress":"02:42:0a:01:00:05","DriverOpts":{"o":"1"}}}}`
	b := printOf(t, `{"Hostname":"`+blueprintID[:12]+`","MacAddress":"aa:bb:cc:00:11:22"}`, `{"NetworkMode":"front"}`, networks, nil, "1.44")
	first := toJSON(b.body["NetworkingConfig"])
	for _, want := range []string{`"front"`, `"10.0.0.7"`, `["www"]`, `aa:bb:cc:00:11:22`} {
		if !strings.Contains(first, want) {
			t.Errorf("no %s in %s", want, first)
		}
	}
	if b.body["MacAddress"] != nil || b.body["Hostname"] != nil || strings.Contains(first, "e1") {
		t.Errorf("body %s", toJSON(b.body))
	}
	back := b.others["back"]
	if len(b.others) != 1 || back == nil || len(back.MacAddress) != 0 || back.DriverOpts["o"] != "1" || back.IPAddress.IsValid() {
		t.Errorf("others %s", toJSON(b.others))
	}
	old := printOf(t, `{"Hostname":"mine","MacAddress":"aa:bb:cc:00:11:22"}`, `{"NetworkMode":"front"}`, networks, nil, "1.41")
	if old.body["MacAddress"] != "aa:bb:cc:00:11:22" || old.body["Hostname"] != "mine" || strings.Contains(toJSON(old.body["NetworkingConfig"]), "aa:bb") {
		t.Errorf("for an old engine: %s", toJSON(old.body))
	}
	shared := printOf(t, `{"Hostname":"other","ExposedPorts":{"80/tcp":{}}}`, `{"NetworkMode":"container:abc"}`, "", nil, "1.41")
	if shared.body["Hostname"] != nil || shared.body["ExposedPorts"] != nil || shared.body["NetworkingConfig"] != nil {
		t.Errorf("in another's network: %s", toJSON(shared.body))
	}
}

func TestComposeIsToldWhichImageRuns(t *testing.T) {
	b := printOf(t, `{"Labels":{"com.docker.compose.image":"sha256:old","com.docker.compose.config-hash":"h"}}`, `{}`, "", nil, "1.41")
	if got := toJSON(b.body["Labels"]); got != `{"com.docker.compose.config-hash":"h","com.docker.compose.image":"sha256:new"}` {
		t.Errorf("labels %s", got)
	}
}
