package vae_test

import (
	"context"
	"fmt"
	"log"

	"genview/models/optim"
	"genview/models/vae"
	"genview/tensor"
	"genview/vk"
)

// A trainer takes pictures [B, C, S, S], and generates new ones.
func ExampleNewTrainer() {
	dev, err := vk.Open(vk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	rt := tensor.NewRuntime(dev)
	defer rt.Close()

	t, err := vae.NewTrainer(rt, vae.Defaults(), vae.TrainConfig{Batch: 16, Adam: optim.AdamDefaults(), Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	ctx := context.Background()
	if err := t.Step(ctx, make([]float32, 16*28*28)); err != nil {
		log.Fatal(err)
	}
	pictures, err := t.Decode(ctx, make([]float32, 2*t.Z()))
	fmt.Println(len(pictures) == 2*28*28, err)
}
