package vae_test

import (
	"testing"

	"genview/models/family/familytest"
	"genview/models/vae"
)

func TestFamily(t *testing.T) {
	familytest.Run(t, vae.Family, familytest.Trial{
		Preset: "vae", Falls: "loss", Steps: 24,
		Set: []string{"batch=16", "data.size=8", "model.hidden=16", "model.z=3"},
	})
}
