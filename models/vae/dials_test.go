package vae

import (
	"testing"

	"genview/models/family"
	"genview/models/optim"
	"genview/tensor"
	"genview/vk/vktest"
)

// TestTurnBeta: another weight of the KL term counts from the next step on.
func TestTurnBeta(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	c := Config{Arch: "mlp", Z: 2, Hidden: 8, Size: 8, Channels: 1, Beta: 1}
	trainer, err := NewTrainer(rt, c, TrainConfig{Batch: 4, Adam: optim.AdamDefaults(), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	m := &model{trainer: trainer}
	for _, beta := range []float64{1, 8, 0} {
		if err := m.Turn("model.beta", beta); err != nil {
			t.Fatal(err)
		}
		if err := trainer.Step(t.Context(), family.Pixels(4*64)); err != nil {
			t.Fatal(err)
		}
		all, err := trainer.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		loss, _ := all.Value("loss")
		recon, _ := all.Value("recon")
		kl, _ := all.Value("kl")
		if d := loss - recon - beta*kl; d > 1e-3 || d < -1e-3 || kl <= 0 || m.Dials()[0].Value != beta {
			t.Errorf("with β %v the loss is %v, of %v and %v", beta, loss, recon, kl)
		}
	}
	if err := m.Turn("model.beta", -1); err == nil || m.Dials()[0].Value != 0 {
		t.Errorf("a negative weight: %v", err)
	}
}
