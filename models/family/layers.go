package family

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"genview/models/nn"
	"genview/tensor"
)

// layerBatch is how many latent vectors are looked at together.
const layerBatch = 16

// Layers returns the names of the decoder's layers, from the latent vector to the picture.
func (m *Pictures) Layers() []string {
	p := nn.Eval()
	m.Net(p, tensor.Input("z", tensor.F32, 1, m.Z())) // a graph of which nothing is computed
	var names []string
	for _, l := range p.Layers() {
		names = append(names, l.Name)
	}
	return names
}

// Activations returns what a layer makes of latent vectors z [N, Z]: rows of one length, one after another.
func (m *Pictures) Activations(ctx context.Context, layer string, z []float32) ([]float32, error) {
	if names := m.Layers(); !slices.Contains(names, layer) {
		return nil, fmt.Errorf("family: the decoder has no layer %q, but %s", layer, strings.Join(names, ", "))
	}
	look := nn.NewApply(m.Env.Runtime, layerBatch, []int{m.Z()}, func(z *tensor.Tensor) *tensor.Tensor {
		p := nn.Eval()
		m.Net(p, z)
		all := p.Layers()
		return all[slices.IndexFunc(all, func(l nn.Activation) bool { return l.Name == layer })].Value
	})
	defer look.Close()
	return look.Run(ctx, z)
}
