package family

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"reflect"
	"slices"
	"strings"

	"genview/models/heads"
	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
)

// A Sampler draws samples from seeds.
type Sampler interface {
	// Sample draws n samples, of seeds first, first+1, …, as one picture.
	Sample(ctx context.Context, first, n int) (*image.RGBA, error)
}

// ErrTooMany says that a request needs more memory than is allowed.
var ErrTooMany = errors.New("too many")

// A Decoder makes pictures from latent vectors.
type Decoder interface {
	Z() int                                                       // dimensions of a latent vector
	Shape() (c, h, w int)                                         // of a picture
	Draw(ctx context.Context, z []float32) ([]*image.RGBA, error) // one picture for each vector of z [N, Z]
}

// A DeviceDecoder makes pictures from latent vectors and leaves them on the device, for what shows them without the host.
type DeviceDecoder interface {
	Z() int               // dimensions of a latent vector
	Shape() (c, h, w int) // of a picture
	// Decoding compiles a program that decodes n latent vectors. The caller closes the program.
	Decoding(n int) (*Decoding, error)
}

// A Decoding is a program that decodes what Z is fed with.
type Decoding struct {
	*tensor.Program
	Z        *tensor.Tensor // the input [N, Z]
	Pictures *tensor.Tensor // the variable [N, C, H, W] that a run updates, with values in [0, 1]
}

// An Encoder maps pictures to latent vectors.
type Encoder interface {
	Decoder
	// Encode returns the latent vectors [N, Z] of pictures [N, C, H, W] in [0, 1], as [data.ReadImage] reads them.
	Encode(ctx context.Context, pictures []float32) (z []float32, err error)
}

// A Surveyed model can encode pictures that it was not trained on.
type Surveyed interface {
	Encoder
	// HeldOut returns the first n held-out pictures, or all if there are fewer.
	HeldOut(ctx context.Context, n int) (*Examples, error)
}

// EncodeAll encodes pictures [N, C, H, W] a few at a time, and returns a latent vector for each.
func EncodeAll(ctx context.Context, m Encoder, pictures []float32) ([][]float32, error) {
	const some = 100
	c, h, w := m.Shape()
	var out [][]float32
	for part := range slices.Chunk(pictures, some*c*h*w) {
		z, err := m.Encode(ctx, part)
		if err != nil {
			return nil, err
		}
		out = append(out, slices.Collect(slices.Chunk(z, m.Z()))...)
	}
	return out, nil
}

// A Finder searches for latent vectors of pictures.
type Finder interface {
	Decoder
	// Find returns the latent vector of the picture that is most like one [C, H, W] in [0, 1], and the mean squared difference of the two.
	Find(ctx context.Context, picture []float32, o Search) (z []float32, mse float64, err error)
}

// An Opened shows what the layers of its decoder make.
type Opened interface {
	Decoder
	// Layers returns the names of the layers, from the latent vector to the picture.
	Layers() []string
	// Activations returns what a layer makes of latent vectors z [N, Z]: rows of one length, one after another.
	Activations(ctx context.Context, layer string, z []float32) ([]float32, error)
}

// A Traced model shows what its layers make of an example.
type Traced interface {
	Trace() *nn.Trace // a new one; its layers are in no program yet
}

// A Reader shows how it reads a text.
type Reader interface {
	// Attend returns the attention maps of a text. If the model cannot read the text, that is not an error; the view's Prompt.Problem says
	// why.
	Attend(ctx context.Context, text string) (*watch.HeatMaps, error)
}

// A Gazer shows how it looks at a picture.
type Gazer interface {
	Shape() (c, h, w int) // of a picture
	// Gaze returns the attention maps of a picture [C, H, W] in [0, 1], as [data.ReadImage] reads it. The maps have its name as their text.
	Gaze(ctx context.Context, name string, picture []float32) (*watch.HeatMaps, error)
}

// An Attentive model has attention heads to score, and can do without each of them.
type Attentive interface {
	Reader
	// Examine scores each head, and measures what the model loses without it on data that it was not trained on. o.Examples are parts of a
	// text, or texts.
	Examine(ctx context.Context, o Evaluation) (*heads.Report, error)
}

// A Dissected model shows what its heads compute inside.
type Dissected interface {
	Reader
	// Stages returns the stages of a head's attention to a text. If there is no such head, or the model cannot read the text, that is an error.
	Stages(ctx context.Context, text string, head watch.Dissect) (*watch.Stages, error)
}

// A Translator translates texts.
type Translator interface {
	Translate(ctx context.Context, texts []string) ([]string, error)
}

// A Generator continues a text.
type Generator interface {
	// Opening returns the prompt that is used if none is given.
	Opening() string
	// Prompt returns a prompt as the model reads it, or an error that says why it cannot.
	Prompt(text string) (string, error)
	// Generate continues a prompt by n characters and passes each one to emit.
	Generate(ctx context.Context, prompt string, n int, o Sampling, emit func(character string) error) error
}

// Sampling says how the next token is chosen.
type Sampling struct {
	Temperature float64 // below 1 favours likely tokens, above 1 unlikely ones; 0: always the likeliest
	TopK        int     // choose among this many likeliest tokens; 0: among all
	TopP        float64 // choose among the fewest likeliest tokens that together have this probability; 0 or 1: among all
	Seed        uint64
}

// A Classifier classifies pictures.
type Classifier interface {
	Classes() []string    // their names
	Shape() (c, h, w int) // of a picture
	// Classify returns the probability of each class [N, classes] for pictures [N, C, H, W] in [0, 1], as [data.ReadImage] reads them.
	Classify(ctx context.Context, pictures []float32) (probabilities []float32, err error)
}

// An Evaluator measures itself on data that it was not trained on.
type Evaluator interface {
	Evaluate(ctx context.Context, o Evaluation) (Evaluated, error)
}

// Evaluated is what an evaluation found. It prints as a line, or more, and is an object as JSON.
type Evaluated interface {
	fmt.Stringer
	Scores() Scores
}

// Scores are the numbers of an evaluation, and what they are of.
type Scores struct {
	Measures watch.Metrics // the first one tells best how good the model is
	Higher   bool          // a higher value of that one is better
	Split    string        // the data that were measured, as test
	Examples int           // how many of them
	Samples  int           // importance samples for an example; 0: none were drawn
}

// A Measured model measures itself on held-out data while it trains: its loss, and what else says how good it is.
type Measured interface {
	// Measure returns metrics whose names begin with held_out_. They depend on the weights alone, and nothing that a checkpoint holds changes.
	Measure(ctx context.Context) (watch.Metrics, error)
	// Best names the metric that tells which weights are the best. higher: those with the highest, else those with the lowest.
	Best() (metric string, higher bool)
}

// Evaluation says how much to measure.
type Evaluation struct {
	Examples int // at most; 0: the usual number
	Samples  int // for quantities that are estimated from samples
}

// Usual returns the number of examples to look at: Examples if it is set, else 10,000.
func (o Evaluation) Usual() int { return cmp.Or(o.Examples, 10000) }

// lacks returns the error of a model without an ability. It says what the model cannot do, and which models can.
var lacks = map[reflect.Type]string{
	reflect.TypeFor[Sampler]():       "makes no pictures: genview translate and genview generate show what models of text make",
	reflect.TypeFor[Decoder]():       "has no latent space of pictures to walk through, as VAEs and GANs of pictures have",
	reflect.TypeFor[DeviceDecoder](): "has no latent space of pictures to walk through, as VAEs and GANs of pictures have",
	reflect.TypeFor[Encoder]():       "cannot encode pictures, as VAEs can",
	reflect.TypeFor[Surveyed]():      "cannot encode pictures, as VAEs can",
	reflect.TypeFor[Finder]():        "has no latent space to find pictures in, as VAEs and GANs of pictures have",
	reflect.TypeFor[Opened]():        "has no decoder to look into, as VAEs and GANs of pictures have",
	reflect.TypeFor[Traced]():        "does not show what its layers make",
	reflect.TypeFor[Reader]():        "has no attention to look at, as Transformers have",
	reflect.TypeFor[Attentive]():     "has no attention heads that are scored, as Transformers have",
	reflect.TypeFor[Dissected]():     "has no attention heads to look into, as Transformers have",
	reflect.TypeFor[Translator]():    "does not translate",
	reflect.TypeFor[Generator]():     "does not go on with a text, as GPTs do",
	reflect.TypeFor[Classifier]():    "does not tell classes of pictures, as classifiers do",
	reflect.TypeFor[Evaluator]():     "has nothing that is measured: look at what it makes",
}

// A LackError says that a model does not have an ability.
type LackError struct{ Title, Lacks string }

func (e *LackError) Error() string {
	return fmt.Sprintf("the model is %s, which %s", A(e.Title), e.Lacks)
}

// As returns the ability A of a model; title is that of its settings. If the model lacks it, the error is a [*LackError].
func As[Ability any](title string, m Model) (Ability, error) {
	a, ok := m.(Ability)
	if ok {
		return a, nil
	}
	what, known := lacks[reflect.TypeFor[Ability]()]
	if !known {
		what = "is no " + reflect.TypeFor[Ability]().String()
	}
	return a, &LackError{title, what}
}

// StagesOf names the tokens of a head's stages as the maps of the same text do. If the maps do not have the head, that is an error.
func StagesOf(maps *watch.HeatMaps, head watch.Dissect, compute func() (*nn.Stages, error)) (*watch.Stages, error) {
	if maps.Prompt.Problem != "" {
		return nil, errors.New(maps.Prompt.Problem)
	}
	for _, m := range maps.Maps {
		if m.Name != head.Layer || head.Head < 0 || head.Head >= m.Heads {
			continue
		}
		s, err := compute()
		if err != nil {
			return nil, err
		}
		return &watch.Stages{
			Dissect: head, Rows: m.Rows, Cols: m.Cols, Width: s.Width, Scores: s.Scores, Masked: s.Masked, Weights: s.Weights, Values: s.Values,
		}, nil
	}
	var names []string
	for _, m := range maps.Maps {
		names = append(names, fmt.Sprintf("%s (%s)", m.Name, CountOf(m.Heads, "head")))
	}
	return nil, fmt.Errorf("there is no head %d of %q; the layers are %s", head.Head+1, head.Layer, strings.Join(names, ", "))
}

// Attention returns the view of a prompt before the model has read it.
func Attention(p *watch.Prompt) *watch.HeatMaps {
	return &watch.HeatMaps{Name: "Attention", Prompt: p, Words: [2]string{"takes", "from"}}
}
