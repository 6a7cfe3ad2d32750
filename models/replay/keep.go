package replay

import (
	"strings"

	"genview/models/walk"
	"genview/models/watch"
)

const latentsName = "latents" // the folder of a run's latent vectors

// keep writes latent vectors to a file that is not there yet, for z:FILE of walks.
func (p *player) keep(r watch.Keep) {
	path, err := p.unused(latentsName, strings.Map(inName, r.Name), ".npy")
	if err == nil {
		path += ".npy"
		err = walk.WriteLatents(path, r.Z)
	}
	if err != nil {
		p.say(err)
		return
	}
	p.Made("latents", path)
	p.notice = "saved " + path
	p.publish()
}
