package docker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client/pkg/versions"
)

// object is a decoded JSON object. A container is made again from the engine's
// own words, so that also what this program does not know is kept.
type object = map[string]any

// decodeObject keeps numbers as they are written: sizes are larger than a float
// holds exactly.
func decodeObject(raw []byte) (object, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var o object
	if err := decoder.Decode(&o); err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return o, nil
}

// blueprint is what a container is made again from.
type blueprint struct {
	body   object // of the create request (API: ContainerCreate)
	others map[string]*network.EndpointSettings
	// kept anonymous volumes, by where they are mounted
	volumes map[string]string
}

// newBlueprint takes a container's configuration apart from what its image
// gave it. raw is its inspection, from the image's configuration (nil: the image
// is gone, so nothing can be told apart), image what is to run, version the API's.
func newBlueprint(raw []byte, from *imageConfig, image, imageID, version string) (*blueprint, error) {
	all, err := decodeObject(raw)
	if err != nil {
		return nil, err
	}
	var c container.InspectResponse
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	config, _ := all["Config"].(object)
	host, _ := all["HostConfig"].(object)
	if config == nil || host == nil || c.Config == nil || c.HostConfig == nil {
		return nil, fmt.Errorf("the engine does not tell the configuration")
	}
	b := &blueprint{body: maps.Clone(config), volumes: map[string]string{}}
	if from != nil {
		withoutImage(b.body, from)
	}
	b.body["Image"] = image
	b.ownName(&c)
	if labels, ok := b.body["Labels"].(object); ok {
		if _, ok := labels[labelComposeImage]; ok && imageID != "" {
			// It tells Compose which image runs; the old one's would be a lie, and
			// Compose would take the container for up to date.
			labels = maps.Clone(labels)
			labels[labelComposeImage] = imageID
			b.body["Labels"] = labels
		}
	}
	host = maps.Clone(host)
	b.keepVolumes(&c, host)
	b.body["HostConfig"] = host
	b.networks(&c, versions.LessThan(version, "1.44"))
	return b, nil
}

// labelComposeImage is the id of the image that Compose made the container of.
const labelComposeImage = "com.docker.compose.image"

// ownName drops what the engine makes up or takes from elsewhere: the name of
// the host, which is the id unless one was given.
func (b *blueprint) ownName(c *container.InspectResponse) {
	mode := c.HostConfig.NetworkMode
	if c.Config.Hostname == shortID(c.ID) || mode.IsContainer() || c.HostConfig.UTSMode.IsHost() {
		delete(b.body, "Hostname")
	}
	if mode.IsContainer() || c.HostConfig.UTSMode.IsHost() {
		delete(b.body, "Domainname")
	}
	if mode.IsContainer() { // the other one's; the engine refuses them here
		delete(b.body, "ExposedPorts")
		delete(b.body, "MacAddress")
	}
}

// keepVolumes mounts the anonymous volumes of the old container by their names.
func (b *blueprint) keepVolumes(c *container.InspectResponse, host object) {
	given := map[string]bool{}
	for _, bind := range c.HostConfig.Binds {
		if parts := strings.Split(bind, ":"); len(parts) > 1 {
			given[parts[1]] = true
		}
	}
	mounts, _ := host["Mounts"].([]any)
	mounts = slices.Clone(mounts)
	unnamed := map[string]int{}
	for i, m := range c.HostConfig.Mounts {
		given[m.Target] = true
		if m.Type == mount.TypeVolume && m.Source == "" {
			unnamed[m.Target] = i
		}
	}
	binds, _ := host["Binds"].([]any)
	binds = slices.Clone(binds)
	for _, m := range c.Mounts {
		if m.Type != mount.TypeVolume || m.Name == "" {
			continue
		}
		if i, ok := unnamed[m.Destination]; ok && i < len(mounts) {
			if o, ok := mounts[i].(object); ok {
				o = maps.Clone(o)
				o["Source"] = m.Name
				mounts[i] = o
				b.volumes[m.Destination] = m.Name
			}
			continue
		}
		_, declared := c.Config.Volumes[m.Destination]
		if given[m.Destination] || len(c.HostConfig.VolumesFrom) > 0 && !declared {
			continue
		}
		bind := m.Name + ":" + m.Destination
		if !m.RW {
			bind += ":ro"
		}
		binds = append(binds, bind)
		b.volumes[m.Destination] = m.Name
	}
	if len(binds) > 0 {
		host["Binds"] = binds
	}
	if len(mounts) > 0 {
		host["Mounts"] = mounts
	}
}

// networks keeps what was asked for in each network, not what was given. One
// network is named at the creation, the others are connected before the start;
// old engines take no more than one.
func (b *blueprint) networks(c *container.InspectResponse, old bool) {
	mode := c.HostConfig.NetworkMode
	if c.NetworkSettings == nil || mode.IsContainer() || mode.IsHost() || mode.IsNone() {
		return
	}
	if !old {
		delete(b.body, "MacAddress") // the endpoint has it
	}
	primary := mode.NetworkName()
	if mode.IsDefault() {
		primary = network.NetworkBridge
	}
	b.others = map[string]*network.EndpointSettings{}
	for name, e := range c.NetworkSettings.Networks {
		if e == nil {
			continue
		}
		kept := &network.EndpointSettings{
			IPAMConfig: e.IPAMConfig.Copy(), Links: e.Links, DriverOpts: e.DriverOpts, GwPriority: e.GwPriority,
			Aliases: slices.DeleteFunc(slices.Clone(e.Aliases), func(a string) bool { return a == shortID(c.ID) }),
		}
		if !old && !madeFromAddress(e) {
			kept.MacAddress = e.MacAddress
		}
		if name == primary || e.NetworkID == primary {
			b.body["NetworkingConfig"] = object{"EndpointsConfig": object{primary: kept}}
			continue
		}
		b.others[name] = kept
	}
}

// madeFromAddress reports whether the hardware address is the one that engines
// before 28 make of the IP address: it must not outlive that one.
func madeFromAddress(e *network.EndpointSettings) bool {
	m := e.MacAddress
	if len(m) != 6 || m[0] != 0x02 || m[1] != 0x42 || !e.IPAddress.Is4() {
		return false
	}
	ip := e.IPAddress.As4()
	return bytes.Equal(m[2:], ip[:])
}
