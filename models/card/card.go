// Package card writes the card of a run's model, as the Hugging Face Hub shows a repository: a README.md that begins with YAML.
//
//	err := card.Write(w, "runs/letters", card.Options{})
//
// It says what the run's folder says, and leaves to the author what nobody else knows: the license, and what the model is meant for.
package card

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"genview/models/encrypt"
	"genview/models/family"
	"genview/models/run"
	"genview/models/runs"
	"genview/models/safetensors"
	"genview/models/train"
	"genview/models/watch"

	"github.com/goccy/go-yaml"
)

// Options say what a card says besides.
type Options struct {
	By string // the program with its version, such as "genview v0.1.0"; "": it is not said
}

// A head is the YAML at the beginning of a card, with the keys that the Hub reads.
type head struct {
	Library  string   `yaml:"library_name"`
	Pipeline string   `yaml:"pipeline_tag,omitempty"`
	Tags     []string `yaml:"tags"`
	Datasets []string `yaml:"datasets,omitempty"`
	Metrics  []string `yaml:"metrics,omitempty"`
	Index    []index  `yaml:"model-index,omitempty"`
}

// An index says what was measured of a model.
type index struct {
	Name    string   `yaml:"name"`
	Results []result `yaml:"results"`
}

type result struct {
	Task    task     `yaml:"task"`
	Dataset dataset  `yaml:"dataset"`
	Metrics []metric `yaml:"metrics"`
}

type task struct {
	Type string `yaml:"type"`
}

type dataset struct {
	Name  string `yaml:"name"`
	Type  string `yaml:"type"`
	Split string `yaml:"split,omitempty"`
}

type metric struct {
	Type  string  `yaml:"type"`
	Name  string  `yaml:"name"`
	Value float64 `yaml:"value"`
}

// hub has the names on the Hub of data sets that genview knows.
var hub = map[string]string{"mnist": "ylecun/mnist", "fashion-mnist": "zalando-datasets/fashion_mnist"}

// Write writes the card of a run. A run without a checkpoint has no model to describe: that is an error.
func Write(w io.Writer, dir string, o Options) error {
	c, folder, err := run.Read(dir, run.Place{})
	if err != nil {
		return err
	}
	defer folder.Close()
	path, step, err := folder.Newest()
	if err == nil {
		err = encrypt.Unlock(dir)
	}
	if err != nil {
		return err
	}
	weights, err := countWeights(path)
	if err != nil {
		return err
	}
	r := runs.Read(dir)
	t := &text{run: r, config: c, step: step, weights: weights, file: "checkpoints/" + filepath.Base(path), by: o.By}
	if t.eval, err = evalOf(r.Evals, c.Data(), t.file, path); err != nil {
		return err
	}
	if t.best, err = best(folder, step); err != nil {
		return err
	}
	history, err := folder.Events()
	if err != nil {
		return err
	}
	for _, e := range history {
		if e.Device != "" && !slices.Contains(t.devices, e.Device) {
			t.devices = append(t.devices, e.Device)
		}
	}
	front, err := yaml.MarshalWithOptions(headOf(r, c, t.eval), yaml.IndentSequence(true))
	if err != nil {
		return fmt.Errorf("card: %w", err)
	}
	_, err = fmt.Fprintf(w, "---\n# license: choose one, such as mit or apache-2.0: https://huggingface.co/docs/hub/repositories-licenses\n%s---\n\n%s", front, t)
	return err
}

// countWeights returns the number of values in the weights of a checkpoint, without the state of optimizers and of random numbers.
func countWeights(path string) (n int, err error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for _, e := range f.Entries() {
		if strings.HasPrefix(e.Name, "optim.") || !e.Float() {
			continue
		}
		values := 1
		for _, d := range e.Shape {
			values *= d
		}
		n += values
	}
	return n, nil
}

// evalOf returns the evaluation of a checkpoint on the run's data, whose identity the configuration of an old run does not know; of several the
// newest of those with the most examples; nil: there is none.
func evalOf(all []*train.Eval, data, name, path string) (of *train.Eval, err error) {
	sum, err := safetensors.Checksum(path)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		if strings.HasPrefix(e.Data+", ", data+", ") && e.Weights == name && e.Checksum == sum && len(e.Measures) > 0 && (of == nil || e.Examples >= of.Examples) {
			of = e
		}
	}
	return of, nil
}

// best says which checkpoint is the best on held-out data, if that is not the newest.
func best(folder *train.Run, newest int) (string, error) {
	step, mark, err := folder.Best()
	if errors.Is(err, train.ErrNotMeasured) || err == nil && step == newest {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("The best checkpoint on held-out data is that of step %d, with %s %s.", step, words(mark.Metric), figure(mark.Value)), nil
}

// headOf returns the YAML of a card. e is the evaluation of its checkpoint, or nil: then what was measured in training stands in.
func headOf(r *runs.Run, c *run.Config, e *train.Eval) head {
	h := head{Library: "genview", Tags: []string{"genview", "vulkan", r.Family}}
	for _, word := range strings.Fields(strings.ToLower(r.Model)) {
		if !slices.Contains(h.Tags, word) && len(word) > 2 {
			h.Tags = append(h.Tags, word)
		}
	}
	if t, ok := c.Settings.(family.Tasked); ok {
		h.Pipeline = t.Task()
	}
	data := dataset{Name: r.Data, Type: r.Data}
	if name, ok := hub[r.Data]; ok {
		h.Datasets, data.Type = []string{name}, name
	}
	if h.Pipeline == "" || r.Data == "" {
		return h
	}
	measured, what := r.HeldOut(), ""
	data.Split = "test"
	switch {
	case e != nil:
		measured, data.Split = e.Metrics(), e.Split
	case len(measured) == 0:
		measured, data.Split, what = r.Losses(), "train", "training "
	}
	out := result{Task: task{h.Pipeline}, Dataset: data}
	for _, m := range measured {
		kind := strings.TrimPrefix(m.Name, "held_out_")
		out.Metrics = append(out.Metrics, metric{Type: kind, Name: what + words(m.Name), Value: m.Value})
		h.Metrics = append(h.Metrics, kind)
	}
	if len(out.Metrics) > 0 {
		h.Index = []index{{Name: r.Name, Results: []result{out}}}
	}
	return h
}

// text is the card below its YAML.
type text struct {
	run     *runs.Run
	config  *run.Config
	step    int
	weights int
	file    string // with the weights, below the run's folder
	eval    *train.Eval
	best    string
	devices []string
	by      string
}

// String writes the text in Markdown.
func (t *text) String() string {
	var out strings.Builder
	say := func(format string, a ...any) { fmt.Fprintf(&out, format+"\n", a...) }
	say("# %s\n", escape(t.run.Name))
	sentence := family.A(t.run.Model) + " with " + family.CountOf(t.weights, "weight")
	if t.run.Data != "" {
		sentence += ", trained on " + escape(t.run.Data)
	}
	say("%s, to step %d of %d.%s\n", strings.ToUpper(sentence[:1])+sentence[1:], t.step, t.run.Steps, prefixed(" ", t.best))
	say("<!-- Say here what the model is meant for, and what it is not good at. -->\n")
	say("## Use\n\nDownload the repository as a folder, and open it with genview:\n\n```sh\ngenview view %s\n```\n", t.run.Name)
	say("The weights alone are in `%s`, with the names that PyTorch's layers have:\n", t.file)
	say("```python\nfrom safetensors.torch import load_file\n\nweights = load_file(%q)\n```\n", t.file)
	t.results(say)
	say("## Training\n")
	if t.run.Trained > 0 {
		say("It was trained for %s%s.\n", t.run.Trained.Round(1e8), prefixed(" on ", strings.Join(t.devices, ", ")))
	}
	say("| setting | value | meaning |\n|---|---|---|")
	for _, s := range t.config.Shown() {
		if s.Value != "" {
			say("| `%s` | %s | %s |", s.Key, escape(s.Value), escape(s.Meaning))
		}
	}
	if t.by != "" {
		say("\nThis card was written by %s.", t.by)
	}
	return out.String()
}

// results writes a table of what was measured.
func (t *text) results(say func(format string, a ...any)) {
	rows := append(slices.Clone(t.run.HeldOut()), t.run.Losses()...)
	if len(rows) == 0 && t.eval == nil {
		return
	}
	say("## Results\n\n| measure | value |\n|---|---|")
	if e := t.eval; e != nil {
		for _, m := range e.Metrics() {
			say("| %s, on %s (%s) | %s |", escape(words(m.Name)), family.CountOf(e.Examples, "example"), escape(e.Split), figure(m.Value))
		}
	}
	for _, m := range rows {
		say("| %s | %s |", describe(m), figure(m.Value))
	}
	say("")
}

// describe names a metric, and says on what it was measured.
func describe(m watch.Metric) string {
	if strings.HasPrefix(m.Name, "held_out_") {
		return escape(words(m.Name))
	}
	return escape(words(m.Name)) + ", while it was trained"
}

func words(metric string) string {
	if rest, ok := strings.CutPrefix(metric, "held_out_"); ok {
		return "held-out " + strings.ReplaceAll(rest, "_", " ")
	}
	return strings.ReplaceAll(metric, "_", " ")
}

func figure(v float64) string { return strconv.FormatFloat(v, 'g', 5, 64) }

// prefixed returns a text after another, or nothing if it is empty.
func prefixed(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// escape returns a text as Markdown shows it, also in the cell of a table.
func escape(text string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "\n", " ", "<", "&lt;", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[").Replace(text)
}
