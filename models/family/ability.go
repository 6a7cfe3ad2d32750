package family

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"reflect"

	"genview/models/watch"
)

// A Sampler draws what it makes of seeds.
type Sampler interface {
	// Sample draws what the model makes of seeds first, first+1, …, as one picture.
	Sample(ctx context.Context, first, n int) (*image.RGBA, error)
}

// ErrTooMany says that more was asked for than fits in memory.
var ErrTooMany = errors.New("too many")

// A Decoder makes pictures of latent vectors.
type Decoder interface {
	Z() int                                                       // dimensions of a latent vector
	Shape() (c, h, w int)                                         // of a picture
	Draw(ctx context.Context, z []float32) ([]*image.RGBA, error) // one picture for each vector of z [N, Z]
}

// An Encoder finds latent vectors of pictures.
type Encoder interface {
	Decoder
	// Encode returns the latent vectors [N, Z] of pictures [N, C, H, W] in [0, 1], as [data.ReadImage] reads them.
	Encode(ctx context.Context, pictures []float32) (z []float32, err error)
}

// A Reader shows how it reads a text.
type Reader interface {
	// Attend returns what each head attends to. A text that cannot be read is no error, but a problem that is said.
	Attend(ctx context.Context, text string) (*watch.HeatMaps, error)
}

// A Translator makes texts of texts.
type Translator interface {
	Translate(ctx context.Context, texts []string) ([]string, error)
}

// A Generator goes on with a text.
type Generator interface {
	// Opening is what it goes on from where nothing is asked for.
	Opening() string
	// Prompt returns a prompt as the model reads it, or says why it cannot.
	Prompt(text string) (string, error)
	// Generate goes on with a prompt by n characters, handing each to emit.
	Generate(ctx context.Context, prompt string, n int, o Sampling, emit func(character string) error) error
}

// Sampling says how the next token is chosen.
type Sampling struct {
	Temperature float64 // below 1 likelier, above 1 bolder; 0: always the likeliest
	TopK        int     // choose among so many likeliest; 0: among all
	Seed        uint64
}

// A Classifier tells which class a picture is of.
type Classifier interface {
	Classes() []string    // their names
	Shape() (c, h, w int) // of a picture
	// Classify returns the probability of each class [N, classes] for pictures [N, C, H, W] in [0, 1], as [data.ReadImage] reads them.
	Classify(ctx context.Context, pictures []float32) (probabilities []float32, err error)
}

// An Evaluator measures itself on data that it was not trained on.
type Evaluator interface {
	// Evaluate returns what was measured: it prints as a line, and as JSON.
	Evaluate(ctx context.Context, o Evaluation) (fmt.Stringer, error)
}

// Evaluation says how much goes into measuring.
type Evaluation struct {
	Examples int // at most; 0: as many as is usual
	Samples  int // of what is estimated from samples
}

// Usual returns how many examples to look at: as many as are asked for, and otherwise 10,000.
func (o Evaluation) Usual() int { return cmp.Or(o.Examples, 10000) }

// lacks says what a model without an ability cannot do, and who can.
var lacks = map[reflect.Type]string{
	reflect.TypeFor[Sampler]():    "makes no pictures: genview translate and genview generate show what models of text make",
	reflect.TypeFor[Decoder]():    "has no latent space of pictures to walk through, as VAEs and GANs of pictures have",
	reflect.TypeFor[Encoder]():    "cannot encode pictures, as VAEs can",
	reflect.TypeFor[Reader]():     "does not read texts, as Transformers of text do",
	reflect.TypeFor[Translator](): "does not translate",
	reflect.TypeFor[Generator]():  "does not go on with a text, as GPTs do",
	reflect.TypeFor[Classifier](): "does not tell classes of pictures, as classifiers do",
	reflect.TypeFor[Evaluator]():  "has nothing that is measured: look at what it makes",
}

// A LackError says that a model does not have an ability.
type LackError struct{ Title, Lacks string }

func (e *LackError) Error() string {
	return fmt.Sprintf("the model is %s, which %s", A(e.Title), e.Lacks)
}

// As returns the ability A of a model, of settings with a title. That it lacks it is a [*LackError].
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

// Attention is the view of how a prompt is read, before it was.
func Attention(p *watch.Prompt) *watch.HeatMaps {
	return &watch.HeatMaps{Name: "Attention", Prompt: p, Words: [2]string{"takes", "from"}}
}
