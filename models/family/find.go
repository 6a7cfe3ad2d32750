package family

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"genview/models/nn"
	"genview/models/optim"
	"genview/models/walk"
	"genview/tensor"
)

// Search says how a [Finder] looks for a latent vector. Zero values mean defaults.
type Search struct {
	From   [][]float32        // points to begin from, before random ones
	Starts int                // number of points to begin from; default 8
	Steps  int                // of Adam from each; default 300
	Time   time.Duration      // the search ends soon after this time with what it has; 0: it takes as long as it takes
	Seed   uint64             // of the random points
	Heard  func(done, of int) // receives the number of steps; may be nil
}

// A search descends from several latent vectors at once to those whose pictures are like a given one.
type search struct {
	program *tensor.Program
	target  *tensor.Tensor // [1, C, H, W]
	z       *tensor.Tensor // [starts, Z]
	count   *tensor.Tensor // steps that are done
	errors  *tensor.Tensor // [starts]: mean squared differences of the pictures
	adam    *optim.Adam
	starts  int
	steps   int
}

// findRate is Adam's learning rate at the beginning; it falls to 0 along a cosine. Latent vectors have a standard deviation of 1.
const findRate = 0.1

// findPrior weighs the squared length of the latent vector against the squared difference of the pictures: it keeps the vector where the
// model was trained.
const findPrior = 1e-4

// newSearch compiles a search. A step is one submission.
func newSearch(rt *tensor.Runtime, net func(p *nn.Pass, z *tensor.Tensor) *tensor.Tensor, shape []int, zs, starts, steps int) (*search, error) {
	s := &search{
		target: tensor.Input("target", tensor.F32, append([]int{1}, shape...)...),
		z:      tensor.Var("find.z", tensor.Full(0, starts, zs)),
		count:  tensor.Var("find.count", tensor.Full(0)),
		starts: starts, steps: steps,
	}
	pictures := net(nn.Eval(), s.z).Reshape(append([]int{starts}, shape...)...)
	differences := func(x *tensor.Tensor) *tensor.Tensor {
		return x.Sub(s.target).Square().Reshape(starts, -1).Mean(1)
	}
	s.errors = differences(pictures.Clamp(0, 1)) // as pictures are drawn; outside of [0, 1] the loss still has a slope
	c := optim.AdamDefaults()
	s.adam = optim.NewAdam(c, []*tensor.Tensor{s.z})
	s.adam.LR = s.count.Scale(math.Pi / float64(steps)).Cos().Shift(1).Scale(findRate / 2)
	loss := differences(pictures).Sum().Add(s.z.Square().Sum().Scale(findPrior))
	updates := s.adam.Update(tensor.Grad(loss, s.z))
	updates = append(updates, tensor.Update{Var: s.count, Value: s.count.Shift(1)})
	var err error
	s.program, err = rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{s.errors}, Update: updates})
	return s, err
}

// run descends from points to a picture, and returns the best point that it finds and the mean squared difference of its picture.
func (s *search) run(ctx context.Context, rt *tensor.Runtime, picture []float32, from []float32, o Search) (z []float32, mse float64, err error) {
	if err := rt.Write(s.z, from); err != nil {
		return nil, 0, err
	}
	for _, v := range s.adam.State() {
		if err := rt.Write(v.Tensor, make([]float32, v.Tensor.Len())); err != nil {
			return nil, 0, err
		}
	}
	if err := rt.Write(s.count, []float32{0}); err != nil {
		return nil, 0, err
	}
	feed := tensor.Feed{s.target: picture}
	begun, look := time.Now(), 1
	for done := 1; done < s.steps; done++ {
		if err := s.program.Run(ctx, feed); err != nil {
			return nil, 0, err
		}
		if done < look {
			continue
		}
		if err := s.program.Wait(ctx); err != nil {
			return nil, 0, err
		}
		if o.Heard != nil {
			o.Heard(done, s.steps)
		}
		took := time.Since(begun)
		if o.Time > 0 && took >= o.Time {
			break
		}
		// Waiting takes long on a GPU, and a few steps of a large model may take seconds.
		const rest = time.Second / 10
		look = done + int(min(max(1, rest/max(1, took/time.Duration(done))), 10))
	}
	all, errs := make([]float32, s.z.Len()), make([]float32, s.starts)
	if err := rt.Read(s.z, all); err != nil { // what the last step looks at
		return nil, 0, err
	}
	if err := s.program.Run(ctx, feed); err != nil {
		return nil, 0, err
	}
	if err := s.program.Fetch(s.errors, errs); err != nil {
		return nil, 0, err
	}
	best := -1
	for i, e := range errs {
		if e == e && (best < 0 || e < errs[best]) { // and no NaN
			best = i
		}
	}
	if best < 0 {
		return nil, 0, errors.New("family: the model's pictures are no numbers, so that none is like another")
	}
	n := len(all) / s.starts
	return all[best*n : (best+1)*n], float64(errs[best]), nil
}

// Find searches for the latent vector whose picture is most like a given one, [C, H, W] in [0, 1], by the mean squared difference of pixels,
// which it also returns. It is gradient descent on the device, from several starts at once.
func (m *Pictures) Find(ctx context.Context, picture []float32, o Search) (z []float32, mse float64, err error) {
	o.Starts, o.Steps = cmp.Or(o.Starts, 8), cmp.Or(o.Steps, 300)
	if o.Starts < 1 || o.Starts > 256 || o.Steps < 1 || o.Steps > 1e6 {
		return nil, 0, fmt.Errorf("family: a search of %d steps from %d starts: give 1 to 1000000 steps and 1 to 256 starts", o.Steps, o.Starts)
	}
	c, h, w := m.Shape()
	if len(picture) != c*h*w {
		return nil, 0, fmt.Errorf("family: a picture of %d values, where the model's have %d", len(picture), c*h*w)
	}
	if s := m.search; s == nil || s.starts != o.Starts || s.steps != o.Steps {
		if s != nil {
			s.program.Close()
		}
		if m.search, err = newSearch(m.Env.Runtime, m.Net, []int{c, h, w}, m.Z(), o.Starts, o.Steps); err != nil {
			m.search = nil
			return nil, 0, err
		}
	}
	var from []float32
	for i := range o.Starts {
		if i < len(o.From) {
			from = append(from, o.From[i]...)
			continue
		}
		from = append(from, walk.Seed(o.Seed+uint64(i), m.Z())...)
	}
	return m.search.run(ctx, m.Env.Runtime, picture, from, o)
}
