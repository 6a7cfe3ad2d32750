package gan_test

import (
	"testing"

	"genview/models/family/familytest"
	"genview/models/gan"
)

func TestFamily(t *testing.T) {
	for _, trial := range []familytest.Trial{
		{Preset: "gan", Falls: "d_loss", Steps: 24, Set: []string{"batch=16", "data.size=8", "model.hidden=16", "model.z=3", "optim.lr=0.001"}},
		{Preset: "points", Falls: "d_loss", Steps: 40, Set: []string{"batch=32", "model.hidden=16"}},
	} {
		t.Run(trial.Preset, func(t *testing.T) { familytest.Run(t, gan.Family, trial) })
	}
}
