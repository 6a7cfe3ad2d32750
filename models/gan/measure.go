package gan

import (
	"context"
	"math"

	"genview/models/family"
	"genview/models/nn"
	"genview/models/watch"
)

// distance is the metric of how far generated examples are from held-out ones.
const distance = "held_out_distance"

// heldOut measures the discriminator's loss on held-out examples and as many generated ones of d values each, and their sliced Wasserstein
// distance. A DCGAN's discriminator normalises with its running statistics there, so that an example's logit does not depend on the others.
// The loss is not that of training, d_loss, where it normalises with those of each batch.
func (t *Trainer) heldOut(ctx context.Context, real, fake []float32, d int) (watch.Metrics, error) {
	onReal, err := t.Judge(ctx, real)
	if err != nil {
		return nil, err
	}
	onFake, err := t.Judge(ctx, fake)
	if err != nil {
		return nil, err
	}
	loss := 0.0
	for i := range onReal {
		r, f := float64(onReal[i]), float64(onFake[i])
		if t.config.Pairing == "relativistic" {
			loss += softplus(f - r)
		} else {
			loss += softplus(-r) + softplus(f)
		}
	}
	return watch.Metrics{{Name: "held_out_loss", Value: loss / float64(len(onReal))}, {Name: distance, Value: family.Sliced(real, fake, d)}}, nil
}

// softplus returns log(1 + eˣ), without overflow.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// pictures is a GAN of pictures.
type pictures struct {
	*family.Pictures
	trainer *Trainer
	held    []float32 // held-out pictures in [−1, 1]; nil before the first measurement
}

// Best names the distance of generated pictures from held-out ones.
func (m *pictures) Best() (metric string, higher bool) { return distance, false }

// measured is the number of held-out pictures that are measured in training.
const measured = 256

// Measure measures the discriminator's loss on held-out pictures and generated ones, and how far these are from those.
func (m *pictures) Measure(ctx context.Context) (watch.Metrics, error) {
	c, h, w := m.Shape()
	size := c * h * w
	if m.held == nil {
		e, err := m.HeldOut(ctx, measured)
		if err != nil {
			return nil, err
		}
		m.held = centred(e.Pictures)
	}
	fake, err := m.Decode(ctx, m.Seeds(1, len(m.held)/size))
	if err != nil {
		return nil, err
	}
	return m.trainer.heldOut(ctx, m.held, centred(fake), size)
}

// centred maps values from [0, 1] to [−1, 1], where the networks have them.
func centred(x []float32) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = 2*v - 1
	}
	return out
}

// Trace passes the first sample through both networks.
func (m *pictures) Trace() *nn.Trace { return m.trainer.trace(1, m.Seeds(1, 1)) }
