package train

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"genview/models/fuzzing"
	"genview/models/watch"
)

// FuzzLogs: no line of metrics or events makes their readers panic, and values that are read are numbers.
func FuzzLogs(f *testing.F) {
	f.Add([]byte(`{"step":20,"loss":549.68,"epoch":0.1,"examples_per_s":222,"elapsed_s":0.1,"time":"2026-01-02T03:04:05.678Z"}`+"\n"), []byte(`{"step":3,"time":"2026-01-02T03:04:05Z","event":"rate","rate":0.5}`+"\n"))
	f.Add([]byte(`{"step":1e99,"loss":"NaN","a":{"b":[1]}}`+"\n{\n"), []byte(`{"step":-1,"event":"began"}`+"\n[]"))
	f.Add([]byte(`{"step":9,"elapsed_s":1e300}`), []byte(`{"event":"set","detail":"beta","value":1e308}`))
	f.Fuzz(func(t *testing.T, metrics, events []byte) {
		dir := t.TempDir()
		for name, p := range map[string][]byte{metricsName: metrics, eventsName: events} {
			if err := os.WriteFile(filepath.Join(dir, name), p, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r := &Run{Dir: dir}
		var records []Record
		err := fuzzing.Check(t, metrics, fuzzing.Usage{}, func() (err error) { records, err = r.Records(); return err })
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range records {
			for _, m := range rec.Metrics {
				if math.IsNaN(m.Value) || math.IsInf(m.Value, 0) {
					t.Fatalf("%q is read as %v", metrics, m)
				}
			}
		}
		all, err := r.Events()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			if e.Step < 0 || e.Kind == "" {
				t.Fatalf("%q is read as %+v", events, e)
			}
		}
		if _, err := r.History(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzEvals: no line makes the reader of evaluations panic, and of what is read the best is one.
func FuzzEvals(f *testing.F) {
	f.Add([]byte(`{"time":"2026-01-02T03:04:05Z","step":3,"weights":"checkpoints/a","measures":{"elbo":-9.5,"logp":-8},"metric":"elbo","higher":true,"split":"test","examples":9}` + "\n"))
	f.Add([]byte(`{"time":"2026-01-02T03:04:05Z","metric":"a"}` + "\n{}\n[]"))
	f.Add([]byte(`{"time":"2026-01-02T03:04:05Z","step":-3,"metric":"a","measures":{"a":1e309}}`))
	f.Fuzz(func(t *testing.T, p []byte) {
		r := &Run{Dir: t.TempDir()}
		if err := os.WriteFile(filepath.Join(r.Dir, evalsName), p, 0o600); err != nil {
			t.Fatal(err)
		}
		var all []*Eval
		if err := fuzzing.Check(t, p, fuzzing.Usage{}, func() (err error) { all, err = r.Evals(); return err }); err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			if m, ok := e.Mark(); e.Step < 0 || ok && e.Metrics()[0] != (watch.Metric{Name: m.Metric, Value: m.Value}) {
				t.Fatalf("%q is read as %+v", p, e)
			}
		}
		if best := BestEval(all); best != nil && !slices.Contains(all, best) {
			t.Fatalf("the best of %q is %+v", p, best)
		}
	})
}
