package translate_test

import (
	"testing"

	"genview/models/family/familytest"
	"genview/models/transformer/translate"
)

func TestFamily(t *testing.T) {
	familytest.Run(t, translate.Family, familytest.Trial{
		Preset: "translate", Falls: "loss", Steps: 24,
		Set: []string{"batch=8", "model.width=16", "model.heads=2", "model.layers=1", "model.hidden=16", "optim.warmup=2"},
	})
}
