package tensor_test

import (
	"context"
	"os"
	"testing"

	"genview/tensor"
	"genview/vk"
)

// BenchmarkPrograms runs one op at a time at sizes that models have, without the validation layer. GB/s count each input and
// output once.
func BenchmarkPrograms(b *testing.B) {
	dev, err := vk.Open(vk.Options{Device: os.Getenv("GENVIEW_DEVICE")})
	if err != nil {
		b.Skipf("SKIPPED, no Vulkan device: %v", err)
	}
	defer dev.Close()
	rt := tensor.NewRuntime(dev)
	defer rt.Close()
	v := func(shape ...int) *T { return tensor.Var("x", tensor.Full(0.5, shape...)) }
	for _, c := range []struct {
		name  string
		flops float64
		out   *T
		in    []*T
	}{
		matmul("512x512x512", v(512, 512), v(512, 512), false, false),
		matmul("512x512x512/aT", v(512, 512), v(512, 512), true, false),
		matmul("512x512x512/bT", v(512, 512), v(512, 512), false, true),
		matmul("64x784x400", v(64, 784), v(784, 400), false, false),
		matmul("768x384x128", v(768, 384), v(384, 128), false, false),
		matmul("512x128x128", v(512, 128), v(128, 128), false, false),
		matmul("512x128x128/bT", v(512, 128), v(128, 128), false, true),
		matmul("128x512x128/aT", v(512, 128), v(512, 128), true, false),
		on("MatMul+bias+LeakyReLU/512x128x128", 2*512*128*128, func(x, y *T) *T { return x.MatMul(y).Add(v(128)).LeakyReLU(0.2) }, v(512, 128), v(128, 128)),
		on("MatMul+mask/512x128x128", 2*512*128*128, func(x, y *T) *T { return x.MatMul(y).Mul(v(512, 128)) }, v(512, 128), v(128, 128)),
		on("MatMul+Where/512x128x128", 2*512*128*128, func(x, y *T) *T {
			z := x.MatMul(y)
			return tensor.Where(tensor.Var("m", tensor.Const(make([]bool, 512*128), 512, 128)), z, z.Scale(0.2))
		}, v(512, 128), v(128, 128)),
		on("MatMul+GELUTanh/768x128x512", 2*768*128*512, func(x, y *T) *T { return x.MatMul(y).GELUTanh() }, v(768, 128), v(128, 512)),
		on("MatMul/768x128x512", 2*768*128*512, func(x, y *T) *T { return x.MatMul(y) }, v(768, 128), v(128, 512)),
		on("Conv2d/64x64x16x16-128-k4s2p1", 2*64*128*8*8*64*16, func(x, w *T) *T { return x.Conv2d(w, tensor.ConvOptions{Stride: []int{2, 2}, Padding: []int{1, 1}}) }, v(64, 64, 16, 16), v(128, 64, 4, 4)),
		on("Add/4M", 4<<20, (*T).Add, v(4<<20), v(4<<20)),
		on("GELU/4M", 0, func(x, _ *T) *T { return x.GELU() }, v(4<<20), nil),
		on("Sum/4096x1024", 4<<20, func(x, _ *T) *T { return x.Sum(-1) }, v(4096, 1024), nil),
		on("Softmax/4096x1024", 0, func(x, _ *T) *T { return x.Softmax(-1) }, v(4096, 1024), nil),
	} {
		b.Run(c.name, func(b *testing.B) {
			p, err := rt.Compile(tensor.Outputs{Fetch: []*T{c.out}})
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			bytes := 4 * c.out.Len()
			for _, x := range c.in {
				bytes += 4 * x.Len()
			}
			b.SetBytes(int64(bytes))
			b.ReportAllocs()
			run := func() {
				if err := p.Run(context.Background(), nil); err != nil {
					b.Fatal(err)
				}
				if err := p.Wait(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			run() // which compiles the shaders, on a driver that puts it off
			for b.Loop() {
				run()
			}
			if c.flops > 0 {
				b.ReportMetric(c.flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			}
		})
	}
}

type benchCase = struct {
	name  string
	flops float64
	out   *T
	in    []*T
}

func on(name string, flops float64, f func(x, y *T) *T, x, y *T) benchCase {
	c := benchCase{name, flops, f(x, y), []*T{x}}
	if y != nil {
		c.in = append(c.in, y)
	}
	return c
}

func matmul(name string, x, y *T, xt, yt bool) benchCase {
	flops := 2 * float64(x.Dim(0)) * float64(x.Dim(1)) * float64(y.Dim(1))
	return on("MatMul/"+name, flops, func(x, y *T) *T {
		if xt {
			x = x.T()
		}
		if yt {
			y = y.T()
		}
		return x.MatMul(y)
	}, x, y)
}
