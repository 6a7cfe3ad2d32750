package classifier_test

import (
	"testing"

	"genview/models/classifier"
	"genview/models/family/familytest"
)

func TestFamily(t *testing.T) {
	for preset, set := range map[string][]string{
		"classifier": {"model.hidden=4"}, "vit": {"model.width=16", "model.heads=2", "model.layers=1", "model.hidden=16"},
	} {
		t.Run(preset, func(t *testing.T) {
			familytest.Run(t, classifier.Family, familytest.Trial{
				Preset: preset, Falls: "loss", Steps: 40, Set: append(set, "batch=32", "data.size=8", "optim.lr=0.01", "optim.warmup=0"),
			})
		})
	}
}
