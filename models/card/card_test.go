package card_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"genview/models/card"
	"genview/models/run"
	"genview/models/safetensors"
	"genview/models/train"
	"genview/models/watch"

	"github.com/goccy/go-yaml"
)

// made makes the folder of a run with a checkpoint of six weights.
func made(dir, preset, data string, m watch.Metrics) error {
	c, err := run.New(preset)
	if err == nil && data != "" {
		err = errors.Join(c.Set("data.name", data), c.Set("data.dir", "/home/secret/pictures"))
	}
	if err == nil {
		err = c.Settings.Source().(interface{ Same(identity string) error }).Same("of pictures, 0c4f")
	}
	if err != nil {
		return err
	}
	p, err := c.Bytes()
	if err != nil {
		return err
	}
	r, err := train.CreateRun(dir, p)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Append(train.Record{Step: 40, Metrics: m, Elapsed: 90 * time.Second}); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "events.jsonl"), []byte(`{"step":0,"time":"2026-11-24T12:00:00Z","event":"began","device":"llvmpipe"}`+"\n"), 0o644); err != nil {
		return err
	}
	return safetensors.Write(r.Checkpoint(40), &safetensors.File{Meta: map[string]string{"format": "pt"}, Tensors: []safetensors.Tensor{
		{Name: "fc1.weight", Shape: []int{2, 3}, Values: make([]float32, 6)},
		{Name: "optim.exp_avg.fc1.weight", Shape: []int{2, 3}, Values: make([]float32, 6)},
		{Name: "rng.state", Shape: []int{4}, Values: make([]int32, 4)},
	}})
}

func Example() {
	dir, err := os.MkdirTemp("", "card")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := made(filepath.Join(dir, "letters"), "vae", "", watch.Metrics{{Name: "loss", Value: 90}}); err != nil {
		fmt.Println(err)
		return
	}
	var out bytes.Buffer
	err = card.Write(&out, filepath.Join(dir, "letters"), card.Options{})
	fmt.Println(strings.Contains(out.String(), "An MLP VAE with 6 weights, trained on glyphs, to step 40 of"), err)
	// Output:
	// true <nil>
}

// TestEvaluated: of the evaluations those of the card's own weights on the run's data count, and of these the newest with the most examples.
func TestEvaluated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := made(dir, "classifier", "fashion-mnist", watch.Metrics{{Name: "held_out_accuracy", Value: 0.5}}); err != nil {
		t.Fatal(err)
	}
	r, err := train.OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	const own = "checkpoints/step-00000040.safetensors"
	sum, err := safetensors.Checksum(filepath.Join(dir, own))
	if err != nil || sum == "" {
		t.Fatal(err, "no checksum")
	}
	for i, e := range []train.Eval{
		{Weights: own, Checksum: sum, Examples: 1000, Measures: map[string]float64{"accuracy": 0.1}},
		{Weights: own, Checksum: sum, Examples: 1000, Measures: map[string]float64{"accuracy": 0.875, "ece": 0.25}},
		{Weights: own, Checksum: sum, Examples: 10, Measures: map[string]float64{"accuracy": 0.2}},
		{Weights: own, Checksum: "of what was there before", Examples: 2000, Measures: map[string]float64{"accuracy": 0.3}},
		{Weights: own, Checksum: sum, Examples: 2000, Measures: map[string]float64{"accuracy": 0.6}, Data: "other"},
		{Weights: "checkpoints/step-00000030.safetensors", Checksum: sum, Examples: 2000, Measures: map[string]float64{"accuracy": 0.4}},
	} {
		if e.Data == "" {
			e.Data = "fashion-mnist, of pictures, 0c4f"
		}
		e.Time, e.Step, e.Metric, e.Higher, e.Split = time.Unix(int64(i), 0), 40, "accuracy", true, "test"
		if err := r.AddEval(&e); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := card.Write(&out, dir, card.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"metrics:\n  - accuracy\n  - ece\n", "- type: accuracy\n            name: accuracy\n            value: 0.875\n          - type: ece\n", "split: test\n",
		"| accuracy, on 1,000 examples (test) | 0.875 |\n", "| held-out accuracy | 0.5 |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in %s", want, out.String())
		}
	}
}

// TestWrite reads cards of several families back.
func TestWrite(t *testing.T) {
	for _, c := range []struct {
		preset, data, task, dataset, metric string
		metrics                             watch.Metrics
	}{
		{"vae", "mnist", "unconditional-image-generation", "ylecun/mnist", "loss training loss 90 train", watch.Metrics{{Name: "loss", Value: 90}, {Name: "kl", Value: 3}}},
		{"classifier", "fashion-mnist", "image-classification", "zalando-datasets/fashion_mnist", "accuracy held-out accuracy 0.75 test", watch.Metrics{{Name: "loss", Value: 2}, {Name: "held_out_accuracy", Value: 0.75}}},
		{"translate", "", "text2text-generation", "", "loss training loss 2 train", watch.Metrics{{Name: "loss", Value: 2}}},
		{"points", "", "", "", "", watch.Metrics{{Name: "g_loss", Value: 2}}},
	} {
		dir := filepath.Join(t.TempDir(), "a: b_c #1") // what YAML and Markdown would read otherwise
		if err := made(dir, c.preset, c.data, c.metrics); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := card.Write(&out, dir, card.Options{By: "genview v9"}); err != nil {
			t.Fatal(err)
		}
		parts := strings.SplitN(out.String(), "---\n", 3)
		if len(parts) != 3 || parts[0] != "" {
			t.Fatalf("the card has no head: %s", out.String())
		}
		var head struct {
			License     *string
			LibraryName string   `yaml:"library_name"`
			Pipeline    string   `yaml:"pipeline_tag"`
			Tags        []string `yaml:"tags"`
			Datasets    []string `yaml:"datasets"`
			Index       []struct {
				Name    string
				Results []struct {
					Task    struct{ Type string }
					Dataset struct{ Name, Type, Split string }
					Metrics []struct {
						Type, Name string
						Value      float64
					}
				}
			} `yaml:"model-index"`
		}
		if err := yaml.Unmarshal([]byte(parts[1]), &head); err != nil {
			t.Fatalf("%v in %s", err, parts[1])
		}
		if head.License != nil || head.LibraryName != "genview" || head.Pipeline != c.task || len(head.Tags) < 3 || strings.Join(head.Datasets, ",") != c.dataset {
			t.Errorf("%s has the head %+v", c.preset, head)
		}
		got := ""
		if len(head.Index) == 1 {
			r := head.Index[0].Results[0]
			got = fmt.Sprint(r.Metrics[0].Type, " ", r.Metrics[0].Name, " ", r.Metrics[0].Value, " ", r.Dataset.Split)
			if head.Index[0].Name != filepath.Base(dir) || r.Task.Type != c.task || r.Dataset.Name == "" || r.Dataset.Type == "" {
				t.Errorf("%s has the results %+v", c.preset, head.Index)
			}
		}
		if got != c.metric {
			t.Errorf("%s has the metric %q, want %q", c.preset, got, c.metric)
		}
		if strings.Contains(parts[2], "secret") || (c.data != "") != strings.Contains(parts[2], "| pictures |") {
			t.Errorf("%s: a path is told: %s", c.preset, parts[2])
		}
		for _, want := range []string{"# a: b\\_c #1\n", "with 6 weights", "step 40 of", "for 1m30s on llvmpipe.", "| `optim.lr` | 0.", "| `data.identity` | of pictures, 0c4f |", `load_file("checkpoints/step-00000040.safetensors")`, "genview v9"} {
			if !strings.Contains(parts[2], want) {
				t.Errorf("%s: there is no %q in %s", c.preset, want, parts[2])
			}
		}
	}
	if err := card.Write(&bytes.Buffer{}, t.TempDir(), card.Options{}); err == nil {
		t.Error("a folder that is no run has a card")
	}
}
