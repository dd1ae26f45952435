// Package docker watches Docker engines, and what speaks their API (Podman):
// containers, Compose projects, images, volumes and networks, live by the
// event stream, with logs, usage and restarts. It follows the Docker Engine
// API (https://docs.docker.com/reference/api/engine/), version 1.40 and later.
package docker

// ID is the source's id.
const ID = "docker"
