package docker

import (
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// The kinds.
const (
	kindContainer = "container"
	kindProject   = "project"
	kindImage     = "image"
	kindVolume    = "volume"
	kindNetwork   = "network"
	kindHost      = "host" // the engine itself, one row
)

// kinds declares what the source lists. The cells of a row are made in the
// order of these columns, in the file named after the kind.
func kinds() []core.Kind {
	return []core.Kind{
		{
			Name: kindContainer, Plural: "containers", Aliases: []string{"co", "ctr"}, Title: text.Lit("Containers"),
			Verbs: verbsOf(kindContainer), Logs: true, Rank: 10,
			Columns: []core.Column{
				{ID: "name", Title: text.Lit("NAME"), Type: core.Name, Min: 12, Flex: true},
				{ID: "status", Title: text.Lit("STATUS"), Type: core.Status, Min: 12},
				{ID: "health", Title: text.Lit("HEALTH"), Type: core.Text},
				{ID: "cpu", Title: text.Lit("CPU"), Type: core.CPU, Usage: core.CPUUsed, Min: 6},
				{ID: "mem", Title: text.Lit("MEM"), Type: core.Bytes, Usage: core.MemUsed, Min: 6},
				{ID: "restarts", Title: text.Lit("RESTARTS"), Type: core.Number},
				{ID: "image", Title: text.Lit("IMAGE"), Type: core.Text, Min: 12, Flex: true},
				{ID: "project", Title: text.Lit("PROJECT"), Type: core.Text},
				{ID: "service", Title: text.Lit("SERVICE"), Type: core.Text},
				{ID: "ports", Title: text.Lit("PORTS"), Type: core.Text},
				{ID: "rx", Title: text.Lit("NET RX"), Type: core.Bytes, Usage: core.NetRx, Min: 6},
				{ID: "tx", Title: text.Lit("NET TX"), Type: core.Bytes, Usage: core.NetTx, Min: 6},
				{ID: "up", Title: text.Lit("UP"), Type: core.Age, Min: 4},
				{ID: "age", Title: text.Lit("AGE"), Type: core.Age, Min: 4},
				{ID: "read", Title: text.Lit("BLOCK R"), Type: core.Bytes, Usage: core.BlockRead, Min: 6, Wide: true},
				{ID: "write", Title: text.Lit("BLOCK W"), Type: core.Bytes, Usage: core.BlockWrite, Min: 6, Wide: true},
				{ID: "pids", Title: text.Lit("PIDS"), Type: core.Number, Usage: core.PIDs, Wide: true},
				{ID: "exit", Title: text.Lit("EXIT"), Type: core.Number, Wide: true},
				{ID: "command", Title: text.Lit("COMMAND"), Type: core.Text, Wide: true},
				{ID: "id", Title: text.Lit("ID"), Type: core.Text, Min: 12, Wide: true},
			},
		},
		{
			Name: kindProject, Plural: "projects", Aliases: []string{"compose", "stack"}, Title: text.Lit("Projects"),
			Verbs: verbsOf(kindProject), Logs: true, Workload: true, Rank: 20,
			Columns: []core.Column{
				{ID: "name", Title: text.Lit("NAME"), Type: core.Name, Min: 12, Flex: true},
				{ID: "status", Title: text.Lit("STATUS"), Type: core.Status, Min: 12},
				{ID: "running", Title: text.Lit("RUNNING"), Type: core.Number},
				{ID: "containers", Title: text.Lit("CONTAINERS"), Type: core.Number},
				{ID: "services", Title: text.Lit("SERVICES"), Type: core.Number},
				{ID: "cpu", Title: text.Lit("CPU"), Type: core.CPU, Usage: core.CPUUsed, Min: 6},
				{ID: "mem", Title: text.Lit("MEM"), Type: core.Bytes, Usage: core.MemUsed, Min: 6},
				{ID: "restarts", Title: text.Lit("RESTARTS"), Type: core.Number},
				{ID: "age", Title: text.Lit("AGE"), Type: core.Age, Min: 4},
				{ID: "dir", Title: text.Lit("FOLDER"), Type: core.Text, Wide: true},
				{ID: "files", Title: text.Lit("FILES"), Type: core.Text, Wide: true},
			},
		},
		{
			Name: kindImage, Plural: "images", Aliases: []string{"img"}, Title: text.Lit("Images"), Rank: 60,
			Verbs: verbsOf(kindImage),
			Columns: []core.Column{
				{ID: "name", Title: text.Lit("NAME"), Type: core.Name, Min: 16, Flex: true},
				{ID: "status", Title: text.Lit("STATUS"), Type: core.Status},
				{ID: "size", Title: text.Lit("SIZE"), Type: core.Bytes, Min: 6},
				{ID: "containers", Title: text.Lit("CONTAINERS"), Type: core.Number},
				{ID: "age", Title: text.Lit("AGE"), Type: core.Age, Min: 4},
				{ID: "id", Title: text.Lit("ID"), Type: core.Text, Min: 12},
				{ID: "tags", Title: text.Lit("TAGS"), Type: core.Text, Wide: true},
			},
		},
		{
			Name: kindVolume, Plural: "volumes", Aliases: []string{"vol"}, Title: text.Lit("Volumes"), Rank: 70,
			Verbs: verbsOf(kindVolume),
			Columns: []core.Column{
				{ID: "name", Title: text.Lit("NAME"), Type: core.Name, Min: 16, Flex: true},
				{ID: "status", Title: text.Lit("STATUS"), Type: core.Status},
				{ID: "driver", Title: text.Lit("DRIVER"), Type: core.Text},
				{ID: "containers", Title: text.Lit("CONTAINERS"), Type: core.Number},
				{ID: "project", Title: text.Lit("PROJECT"), Type: core.Text},
				{ID: "age", Title: text.Lit("AGE"), Type: core.Age, Min: 4},
				{ID: "mountpoint", Title: text.Lit("MOUNTPOINT"), Type: core.Text, Wide: true},
			},
		},
		{
			Name: kindNetwork, Plural: "networks", Aliases: []string{"net"}, Title: text.Lit("Networks"), Rank: 80,
			Verbs: verbsOf(kindNetwork),
			Columns: []core.Column{
				{ID: "name", Title: text.Lit("NAME"), Type: core.Name, Min: 16, Flex: true},
				{ID: "status", Title: text.Lit("STATUS"), Type: core.Status},
				{ID: "driver", Title: text.Lit("DRIVER"), Type: core.Text},
				{ID: "subnets", Title: text.Lit("SUBNETS"), Type: core.Text},
				{ID: "containers", Title: text.Lit("CONTAINERS"), Type: core.Number},
				{ID: "project", Title: text.Lit("PROJECT"), Type: core.Text},
				{ID: "age", Title: text.Lit("AGE"), Type: core.Age, Min: 4},
				{ID: "id", Title: text.Lit("ID"), Type: core.Text, Min: 12, Wide: true},
			},
		},
		{
			Name: kindHost, Plural: "hosts", Aliases: []string{"engine"}, Title: text.Lit("Hosts"), Rank: 90,
			Verbs: verbsOf(kindHost),
			Columns: []core.Column{
				{ID: "name", Title: text.Lit("NAME"), Type: core.Name, Min: 12, Flex: true},
				{ID: "status", Title: text.Lit("STATUS"), Type: core.Status},
				{ID: "version", Title: text.Lit("VERSION"), Type: core.Text},
				{ID: "running", Title: text.Lit("RUNNING"), Type: core.Number},
				{ID: "containers", Title: text.Lit("CONTAINERS"), Type: core.Number},
				{ID: "images", Title: text.Lit("IMAGES"), Type: core.Number},
				{ID: "storage", Title: text.Lit("STORAGE"), Type: core.Text},
				{ID: "disk", Title: text.Lit("DISK"), Type: core.Bytes, Min: 6},
				{ID: "reclaimable", Title: text.Lit("RECLAIMABLE"), Type: core.Bytes},
				{ID: "cpus", Title: text.Lit("CPUS"), Type: core.Number},
				{ID: "memory", Title: text.Lit("MEMORY"), Type: core.Bytes, Min: 6},
				{ID: "os", Title: text.Lit("OS"), Type: core.Text, Wide: true},
				{ID: "kernel", Title: text.Lit("KERNEL"), Type: core.Text, Wide: true},
				{ID: "root", Title: text.Lit("FOLDER"), Type: core.Text, Wide: true},
				{ID: "host", Title: text.Lit("MACHINE"), Type: core.Text, Wide: true},
			},
		},
	}
}

// defaultKinds are watched when nobody says which.
func defaultKinds() []string { return []string{kindContainer, kindProject} }
