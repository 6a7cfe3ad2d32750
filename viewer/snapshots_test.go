package viewer

import (
	"fmt"
	"image"
	"math"
	"strings"
	"time"

	"genview/models/heads"
	"genview/models/ticks"
	"genview/models/watch"
)

// attention resembles the attention of a model that has learned to read dates.
func attention(text, output string) *watch.HeatMaps {
	a := &watch.HeatMaps{Name: "Attention", Prompt: &watch.Prompt{Text: text, Output: output}, Words: [2]string{"takes", "from"}}
	read, said := strings.Split(text, ""), strings.Split(output, "")
	add := func(name string, to, from []string, score func(h, i, j int) float64) {
		m := watch.Map{Name: name, Heads: 4, Rows: to, Cols: from, Self: strings.HasSuffix(name, ".self_attn")}
		for h := range m.Heads {
			for i := range to {
				row, sum := make([]float64, len(from)), 0.0
				for j := range from {
					row[j] = math.Exp(score(h, i, j))
					sum += row[j]
				}
				for _, v := range row {
					m.Values = append(m.Values, float32(v/sum))
				}
			}
		}
		m.Scores = heads.Scores(m)
		a.Maps = append(a.Maps, m)
	}
	for _, layer := range []string{"0", "1"} {
		add("encoder.layers."+layer+".self_attn", read, read, func(h, i, j int) float64 { return -math.Abs(float64(i-j+h-2)) / 1.5 })
	}
	for _, layer := range []string{"0", "1"} {
		add("decoder.layers."+layer+".self_attn", append(said[:len(said):len(said)], "end"), append([]string{"begin"}, said...), func(h, i, j int) float64 {
			if j > i {
				return -50
			}
			return -float64((i - j) * (h + 1) / 2)
		})
		add("decoder.layers."+layer+".multihead_attn", append(said[:len(said):len(said)], "end"), read, func(h, i, j int) float64 {
			if i < len(said) && said[i] == read[j] {
				return 3
			}
			return float64(h) * 0.2 * math.Cos(float64(i+j))
		})
	}
	return a
}

// dates is a Transformer's snapshot.
func dates() *watch.Snapshot {
	s := snapshot()
	s.Title, s.Model, s.Data = "dates", "Transformer, 797,568 parameters", "dates, 2,000 dates held out"
	examples := &watch.Texts{Name: "Examples"}
	for _, e := range [][3]string{
		{"Monday, 4 July 2016", "2016-07-04", "2016-07-04"},
		{"dec 24, 2020", "2020-12-24", "2020-12-24"},
		{"WEDNESDAY THE 22ND OF SEPTEMBER, 1999", "1999-09-22", "1999-09-22"},
		{"3.5.1998", "1998-03-05", "1998-05-03"},
		{"2 Jan '06", "2006-01-02", "2006-01-02"},
		{"1975/11/30", "1975-11-30", "1975-11-30"},
	} {
		examples.Examples = append(examples.Examples, watch.Example{Input: e[0], Output: e[1], Want: e[2]})
	}
	s.Views = []watch.View{curves(s), examples, attention("Monday, 4 July 2016", "2016-07-04")}
	return s
}

// curves returns the curves of a snapshot.
func curves(s *watch.Snapshot) *watch.Curves { return watch.Find[*watch.Curves](s.Views, "Curves") }

// maps are the heat maps of a snapshot of a Transformer.
func maps(s *watch.Snapshot) *watch.HeatMaps {
	return watch.Find[*watch.HeatMaps](s.Views, "Attention")
}

// verse is a GPT's snapshot.
func verse() *watch.Snapshot {
	s := snapshot()
	s.Title, s.Model, s.Data = "shakespeare", "GPT, 804,096 parameters", "tinyshakespeare.txt, 1,115,394 characters"
	wrote := &watch.Texts{Name: "Sample", Examples: []watch.Example{{Input: "\n", Output: "ROMEO:\nWhat is the matter with the sun that he should not be here and shine upon us all?\n\nJULIET:\nO, speak."}}}
	read := strings.Split("What is the matter with the sun", "")
	a := attention(strings.Join(read, ""), " that he shou")
	a.Prompt.Next = []watch.Likely{{Token: " ", P: 0.71}, {Token: ",", P: 0.14}, {Token: "s", P: 0.05}}
	a.Maps = nil
	for _, layer := range []string{"0", "1", "2", "3"} {
		m := watch.Map{Name: "h." + layer + ".attn", Heads: 4, Rows: read, Cols: read, Self: true}
		for h := range m.Heads {
			for i := range read {
				for j := range read {
					v, reach := 0.0, float64(2+3*h)
					if j <= i { // each row sums to 1
						v = math.Exp(-float64(i-j)/reach) * (1 - math.Exp(-1/reach)) / (1 - math.Exp(-float64(i+1)/reach))
					}
					m.Values = append(m.Values, float32(v))
				}
			}
		}
		m.Scores = append(heads.Scores(m), watch.Score{Name: "induction", Values: []float64{0.01, 0.02, 0.4, 0.1}})
		a.Maps = append(a.Maps, m)
	}
	loss := curves(s).Groups[0].Series
	norm := watch.Series{Name: "grad_norm", Steps: loss[0].Steps}
	for i := range norm.Steps {
		norm.Values = append(norm.Values, 0.6+0.4*math.Sin(float64(i)*1.7)*math.Exp(-float64(i)/40))
	}
	s.Views = []watch.View{&watch.Curves{Name: "Curves", Groups: []watch.Group{{Name: "loss", Unit: "nats", Series: loss[:1]}, {Name: "norm", Series: []watch.Series{norm}}}}, wrote, a}
	return s
}

// scripts is the snapshot of a GPT that reads a text in many scripts, which is longer than its context.
func scripts() *watch.Snapshot {
	s := verse()
	s.Title, s.Data = "日本語\nПривет γειά مرحبا", "東京.txt, 1,115 characters"
	wrote := &watch.Texts{Name: "Sample", Examples: []watch.Example{{Input: "\n", Output: "東京は日本の首都です。\nПривет, мир!\tγειά\nمرحبا 123 بالعالم\nสวัสดี 😀 \x00\x1b[31m\u202e"}}}
	text := "この文字は読まれません。日本語 абв γδε ابت กข \n\t\x00😀e\u0301 end"
	read := strings.Split(text, "")[12:]
	a := attention(text, "中\n ü")
	a.Maps, a.Prompt.Unread = nil, 12
	for _, layer := range []string{"0", "1"} {
		m := watch.Map{Name: "h." + layer + ".attn", Heads: 4, Rows: read, Cols: read, Self: true}
		for h := range m.Heads {
			for i := range read {
				for j := range read {
					m.Values = append(m.Values, float32(1/(1+math.Abs(float64(i-j-h)))))
				}
			}
		}
		a.Maps = append(a.Maps, m)
	}
	s.Show(wrote, a)
	return s
}

// layered is the snapshot of letters with the parameters of the model.
func layered() *watch.Snapshot {
	s := snapshot()
	v := &watch.Layers{Name: "Model", Step: s.LookStep, Memory: 118 << 20}
	spread := func(most, sharp float64) watch.Histogram {
		h := watch.Histogram{Most: most, Std: most / (1 + sharp)}
		for i := range 33 {
			x := float64(i-16) / 16
			h.Counts = append(h.Counts, int(1000*math.Exp(-x*x*sharp*sharp)))
		}
		return h
	}
	for i, l := range []struct {
		name string
		out  int
		in   int
	}{{"encoder.fc1", 400, 784}, {"encoder.fc21", 20, 400}, {"encoder.fc22", 20, 400}, {"decoder.fc3", 400, 20}, {"decoder.fc4", 784, 400}} {
		v.Activations = append(v.Activations, watch.Activation{Layer: l.name, Shape: []int{l.out}, Values: spread(3, 2+float64(i))})
		v.Layers = append(v.Layers,
			watch.Layer{Name: l.name + ".weight", Of: l.name, Shape: []int{l.out, l.in}, Weight: spread(0.4/float64(i+1), 1+float64(i)), Gradient: spread(2e-3, 4+float64(i))},
			watch.Layer{Name: l.name + ".bias", Of: l.name, Shape: []int{l.out}, Weight: spread(0.1, 0.5), Gradient: spread(1e-3, 2)})
	}
	v.Example = "held-out picture 1"
	s.Show(v)
	return s
}

// featured is layered with the feature maps of a convolution.
func featured() *watch.Snapshot {
	s := layered()
	v := watch.Find[*watch.Layers](s.Views, "Model")
	const n, side = 32, 14
	f := &watch.Features{Layer: "encoder.fc1", Step: v.Step, Shape: []int{n, side, side}}
	for i := range n {
		for y := range side {
			for x := range side {
				dx, dy := float64(x)-6.5, float64(y)-6.5
				ring := math.Exp(-math.Pow(math.Hypot(dx, dy)-4, 2) / 3)
				f.Values = append(f.Values, float32(ring*math.Sin(float64(i)+math.Atan2(dy, dx)*float64(i%4))))
			}
		}
	}
	v.Features = f
	return s
}

// dialed is layered with settings that can be changed.
func dialed() *watch.Snapshot {
	s := layered()
	s.Dials = []watch.Dial{{Key: "model.beta", Name: "β, the weight of the KL term", Value: 1}, {Key: "sample-every", Name: "steps between samples", Value: 125, Whole: true}, {Key: "save-every", Name: "steps between checkpoints", Value: 1000, Whole: true}}
	return s
}

// timed is layered with the kernels of a step.
func timed() *watch.Snapshot {
	s := layered()
	v := watch.Find[*watch.Layers](s.Views, "Model")
	total := 0.0
	for i, k := range []string{"Product 64×64", "Product 32×64", "elementwise", "sum of rows", "Adam"} {
		ms := 1.2 / float64(1+i)
		total += ms
		v.Kernels = append(v.Kernels, watch.Kernel{Ops: "MatMul+Add+ReLU", Kernel: k, Shapes: "[128 400]", MS: ms, Calls: float64(5 - i), GFLOPs: 800 / float64(1+i), GBs: 40 * float64(1+i)})
	}
	for i := range v.Kernels {
		v.Kernels[i].Share = v.Kernels[i].MS / total
	}
	return s
}

// grid is the snapshot of a GAN of points.
func grid() *watch.Snapshot {
	s := snapshot()
	s.Title, s.Model, s.Data = "grid25", "GAN of points, 67,587 parameters", "points:grid25, 100,000 points"
	const side = 32
	made, real := watch.Points{Name: "generated"}, watch.Points{Name: "real"}
	f := &watch.Field{Name: "logit", Low: "seems generated", High: "seems real", Side: side}
	for i := range 2000 {
		x, y := 2*float64(i%5-2), 2*float64(i/5%5-2)
		noise := func(k int) float64 { return math.Sin(float64(i*k)*12.9898) * math.Cos(float64(i*k)*78.233) }
		real.XY = append(real.XY, float32(x+0.1*noise(1)), float32(y+0.1*noise(2)))
		made.XY = append(made.XY, float32(x+0.3*noise(3)), float32(y+0.1*noise(4)))
	}
	for i := range side * side {
		x, y := float64(i%side)/(side-1)*10-5, 5-float64(i/side)/(side-1)*10
		f.Values = append(f.Values, float32(math.Cos(math.Pi*x)*math.Cos(math.Pi*y)*3-x*x/8))
	}
	s.Views = []watch.View{curves(s), &watch.Scatter{Name: "Points", Reach: 5, Sets: []watch.Points{made, real}, Field: f, Said: "24 of 25 modes, 87 % good"}}
	return s
}

// classes is the snapshot of a model that this package knows nothing of: it has a view of each kind, and two of some.
func classes() *watch.Snapshot {
	s := snapshot()
	s.Title, s.Model, s.Data = "digits", "ViT, 412,310 parameters", "mnist, 60,000 pictures"
	names := strings.Split("0123456789", "")
	accuracy := watch.Series{Name: "accuracy", Steps: curves(s).Groups[0].Series[0].Steps}
	confusion := watch.Map{Name: "held out", Heads: 1, Rows: names, Cols: names}
	per := &watch.Table{Name: "Classes", Columns: []string{"class", "precision", "recall", "pictures"}}
	seen := &watch.Pictures{Name: "Held out"}
	for i := range accuracy.Steps {
		accuracy.Values = append(accuracy.Values, 1-0.9*math.Exp(-float64(i)/9))
	}
	for i, name := range names {
		for j := range names {
			confusion.Values = append(confusion.Values, float32((i*7+j*3)%6))
		}
		confusion.Values[i*11] = 90
		per.Rows = append(per.Rows, []string{name, ticks.Minus("0.98"), "0.97", formatCount(900 + 17*i)})
		seen.Images, seen.Captions = append(seen.Images, picture(28, i)), append(seen.Captions, name+" 99 %")
		seen.Marks = append(seen.Marks, watch.Right)
	}
	seen.Captions[3], seen.Marks[3] = "5 61 % (3)", watch.Wrong
	a := attention("12345", "6")
	s.Views = []watch.View{
		&watch.Curves{Name: "Curves", Groups: []watch.Group{curves(s).Groups[0], {Name: "accuracy", Series: []watch.Series{accuracy}}}}, seen, per,
		&watch.HeatMaps{Name: "Confusion", Words: [2]string{"goes", "times to"}, Maps: []watch.Map{confusion}},
		&watch.HeatMaps{Name: "Layers", Words: [2]string{"takes", "from"}, Maps: a.Maps[:2]},
		&watch.Scatter{Name: "Features", Reach: 3, Sets: []watch.Points{{Name: "0", XY: []float32{1, 1, 1.2, 0.9}}, {Name: "1", XY: []float32{-1, 1}}, {Name: "2", XY: []float32{0, -1}}}},
	}
	return s
}

func choosing() *watch.Snapshot {
	return &watch.Snapshot{State: watch.Choosing, Choices: []watch.Choice{
		{Name: "vae", Title: "Letters by a VAE", About: "A variational autoencoder learns to draw letters in a minute or two. Drag through its latent space while it does."},
		{Name: "dcgan", Title: "Letters by a GAN", About: "Two networks play against each other: one draws letters, the other tells them from real ones."},
		{Name: "points", Title: "Points by a GAN", About: "A GAN has to find 25 clusters in the plane.", Draws: true},
		{Name: "translate", Title: "Dates by a Transformer", About: "A Transformer learns to read dates as people write them. Type your own, and see what each of its heads looks at."},
	}}
}

// showing is what a user asked to see, without a run.
func showing() *watch.Snapshot {
	return &watch.Snapshot{State: watch.Showing, Views: []watch.View{&watch.Pictures{Name: "pictures", Images: []*image.RGBA{picture(21, 1), picture(21, 2)}}}}
}

// snapshot is one of a run in the middle.
func snapshot() *watch.Snapshot {
	s := &watch.Snapshot{
		Title: "letters", Model: "mlp VAE, 652,824 parameters", Data: "glyphs, 20,000 pictures", Device: "llvmpipe",
		State: watch.Training, Step: 1240, Steps: 5000, Elapsed: 14 * time.Second, ExamplesPerSecond: 11234, StepSeconds: 0.011,
		LookStep: 1000,
	}
	latent := &watch.Latent{Name: "Latent space", Z: 3}
	for i := range 8 {
		z := []float32{float32(math.Cos(float64(i))), float32(math.Sin(float64(i))), float32(i%3) - 1}
		latent.Points = append(latent.Points, watch.Point{Name: "seed:" + string(rune('1'+i)), Z: z})
	}
	loss := watch.Series{Name: "loss"}
	kl := watch.Series{Name: "kl"}
	for step := 20; step <= s.Step; step += 20 {
		loss.Steps, kl.Steps = append(loss.Steps, step), append(kl.Steps, step)
		v := 80 + 400*math.Exp(-float64(step)/150) + 3*math.Sin(float64(step))
		loss.Values, loss.Low, loss.High = append(loss.Values, v), append(loss.Low, v-6), append(loss.High, v+6)
		kl.Values = append(kl.Values, 22*(1-math.Exp(-float64(step)/300)))
	}
	samples := &watch.Pictures{Name: "Samples"}
	for i := range 12 {
		samples.Images = append(samples.Images, picture(28, i))
		samples.Points = append(samples.Points, fmt.Sprintf("seed:%d", i+1))
	}
	s.Views = []watch.View{&watch.Curves{Name: "Curves", Groups: []watch.Group{{Name: "loss", Series: []watch.Series{loss, kl}}}}, samples, latent}
	return s
}

// bare is a snapshot without views.
func bare() *watch.Snapshot {
	s := snapshot()
	s.Views = nil
	return s
}

// latent is the latent space of a snapshot.
func latent(s *watch.Snapshot) *watch.Latent {
	return watch.Find[*watch.Latent](s.Views, "Latent space")
}

// picture is a disc that tells pictures apart by its place and brightness.
func picture(size, i int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			dx, dy := x-size/3-i%size/3, y-size/2
			v := byte(0)
			if dx*dx+dy*dy < size*size/16 {
				v = byte(120 + 10*i%135)
			}
			copy(img.Pix[img.PixOffset(x, y):], []byte{v, v, v / 2, 255})
		}
	}
	return img
}
