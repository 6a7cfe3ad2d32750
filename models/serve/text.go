package serve

import (
	"context"
	"io"
	"strings"
	"sync"

	"genview/models/family"
	"genview/models/film"
	"genview/models/lettering"
	"genview/models/picture"
	"genview/models/run"
	"genview/models/watch"

	"github.com/danielgtaylor/huma/v2"
)

// attentionIn is a request of the attention to a text.
type attentionIn struct {
	Accept string `header:"Accept" hidden:"true"`
	Body   struct {
		Text   string `json:"text" minLength:"1" doc:"A text for the model to read"`
		Format string `json:"format,omitempty" doc:"json: the weights; png: a picture of them. Default: as the header Accept says, else json"`
	}
}

// attentionOut is the answer in JSON.
type attentionOut struct {
	Text   string         `json:"text" doc:"As the model reads it"`
	Unread int            `json:"unread,omitempty" doc:"Characters at the beginning that are beyond the model's context"`
	Output string         `json:"output,omitempty" doc:"What the model makes of it"`
	Maps   []attentionMap `json:"maps"`
}

// attentionMap holds the weights of a layer's heads.
type attentionMap struct {
	Name    string        `json:"name"`
	Rows    []string      `json:"rows" doc:"Tokens that attend"`
	Columns []string      `json:"columns" doc:"Tokens that are attended to"`
	Heads   [][][]float32 `json:"heads" doc:"For each head a table of weights; each row sums to 1"`
}

// generateIn is a request to go on with a text.
type generateIn struct {
	Accept string `header:"Accept" hidden:"true"`
	Body   struct {
		Prompt      *string `json:"prompt,omitempty" doc:"What to go on from; default the model's opening"`
		Characters  int     `json:"characters,omitempty" minimum:"1" doc:"How many to add; default 200"`
		Temperature float64 `json:"temperature,omitempty" minimum:"0" maximum:"100" default:"0.8" doc:"Below 1 likelier, above 1 bolder; 0 always takes the likeliest"`
		TopK        int     `json:"top_k,omitempty" minimum:"0" doc:"Choose among the K likeliest only; 0: among all"`
		TopP        float64 `json:"top_p,omitempty" minimum:"0" maximum:"1" doc:"Choose among the fewest likeliest that together have this probability; 0: among all"`
		Seed        uint64  `json:"seed,omitempty" default:"1"`
		Format      string  `json:"format,omitempty" doc:"json: the whole text; text: its characters as they come. Default: as the header Accept says, else json"`
	}
}

// generateOut is the answer in JSON.
type generateOut struct {
	Prompt string `json:"prompt" doc:"As the model reads it"`
	Text   string `json:"text" doc:"What it adds"`
}

var asText = format{"text", "text/plain"}

func (s *Server) addText() {
	add(s, huma.Operation{
		Path: "/v1/attention", Summary: "What each head of a Transformer attends to as it reads a text",
		Responses: s.answers("The attention", attentionOut{}, asJSON, asPNG),
	}, s.attention)
	add(s, huma.Operation{
		Path: "/v1/generate", Summary: "How a model goes on with a text",
		Responses: s.answers("The text", generateOut{}, asJSON, asText),
	}, s.generate)
}

func (s *Server) attention(ctx context.Context, in *attentionIn) (*reply, error) {
	reader, err := run.As[family.Reader](s.session)
	if err != nil {
		return nil, err
	}
	as, err := choose(in.Body.Format, in.Accept, asJSON, asPNG)
	if err != nil {
		return nil, err
	}
	if err := s.short(in.Body.Text); err != nil {
		return nil, err
	}
	var maps *watch.HeatMaps
	if err := s.device.do(ctx, func(ctx context.Context) (err error) { maps, err = reader.Attend(ctx, in.Body.Text); return err }); err != nil {
		return nil, err
	}
	if maps.Prompt.Problem != "" {
		return nil, wrong("%s", maps.Prompt.Problem)
	}
	if as == asPNG.name {
		p, err := s.attentionPNG(ctx, maps)
		return &reply{asPNG.kind, p}, err
	}
	out := attentionOut{Text: maps.Prompt.Text, Unread: maps.Prompt.Unread, Output: maps.Prompt.Output}
	for _, m := range maps.Maps {
		a := attentionMap{Name: m.Name, Rows: m.Rows, Columns: m.Cols}
		for k := range m.Heads {
			var table [][]float32
			for i, cols := 0, len(m.Cols); i < len(m.Rows); i++ {
				table = append(table, m.Head(k)[i*cols:(i+1)*cols])
			}
			a.Heads = append(a.Heads, table)
		}
		out.Maps = append(out.Maps, a)
	}
	return replyJSON(out)
}

// attentionPNG draws attention. One picture is drawn at a time, because fonts are for one goroutine.
func (s *Server) attentionPNG(ctx context.Context, maps *watch.HeatMaps) ([]byte, error) {
	s.drawing.Lock()
	fonts, err := s.fonts()
	if err != nil {
		s.drawing.Unlock()
		return nil, err
	}
	f := film.Still(picture.HeatMaps(fonts, maps), film.Data)
	s.drawing.Unlock()
	f.About = s.o.About
	return s.png(ctx, f)
}

// letters returns fonts, which are read when they are first needed.
func letters(folder string) func() (*lettering.Fonts, error) {
	return sync.OnceValues(func() (*lettering.Fonts, error) { return lettering.New(lettering.Options{CacheDir: folder}) })
}

// short refuses a text that is too long.
func (s *Server) short(text string) error {
	if n := len([]rune(text)); n > s.o.Text {
		return wrong("the text has %d characters, of which %d are read: shorten it", n, s.o.Text)
	}
	return nil
}

// generate goes on with a text. The characters are sent as they come, or all at the end.
func (s *Server) generate(ctx context.Context, in *generateIn) (*stream, error) {
	generator, err := run.As[family.Generator](s.session)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	as, err := choose(b.Format, in.Accept, asJSON, asText)
	if err != nil {
		return nil, err
	}
	if b.Characters == 0 {
		b.Characters = min(200, s.o.Text)
	}
	if b.Characters > s.o.Text {
		return nil, wrong("%d characters are too many: ask for %d at most", b.Characters, s.o.Text)
	}
	if b.Prompt == nil {
		opening := generator.Opening()
		b.Prompt = &opening
	}
	if err := s.short(*b.Prompt); err != nil {
		return nil, err
	}
	prompt, err := generator.Prompt(*b.Prompt)
	if err != nil {
		return nil, wrong("%v", err)
	}
	o := family.Sampling{Temperature: b.Temperature, TopK: b.TopK, TopP: b.TopP, Seed: b.Seed}
	characters := make(chan string, b.Characters) // a client that reads slowly does not hold the device
	generated := make(chan error, 1)
	go func() {
		defer close(characters)
		generated <- s.device.do(ctx, func(ctx context.Context) error {
			return generator.Generate(ctx, prompt, b.Characters, o, func(c string) error { characters <- c; return ctx.Err() })
		})
	}()
	if as == asText.name {
		return s.streaming("text/plain; charset=utf-8", func(w *begun) error {
			for c := range characters {
				if _, err := io.WriteString(w, c); err != nil {
					return err
				}
				if err := w.flush(); err != nil {
					return err
				}
			}
			return <-generated
		}), nil
	}
	return s.streaming(asJSON.kind, func(w *begun) error {
		var text strings.Builder
		for c := range characters {
			text.WriteString(c)
		}
		if err := <-generated; err != nil {
			return err
		}
		out, err := replyJSON(generateOut{prompt, text.String()})
		if err == nil {
			_, err = w.Write(out.Body)
		}
		return err
	}), nil
}
