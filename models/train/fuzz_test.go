package train

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"genview/models/fuzzing"
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
