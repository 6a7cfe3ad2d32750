package run

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"genview/models/family"
	"genview/models/safetensors"
	"genview/models/train"
)

// Evaluate measures the model of a session on data that it was not trained on. It returns what was found, and the line about it for the
// run's folder, which [train.Run.AddEval] adds. The weights of a model in training have no file, and no name there.
func (s *Session) Evaluate(ctx context.Context, o family.Evaluation) (family.Evaluated, *train.Eval, error) {
	m, err := As[family.Evaluator](s)
	if err != nil {
		return nil, nil, err
	}
	found, err := m.Evaluate(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	scores := found.Scores()
	e := &train.Eval{
		Time: time.Now().UTC().Truncate(time.Millisecond), Step: s.Step, Measures: map[string]float64{}, Metric: scores.Measures[0].Name, Higher: scores.Higher,
		Data: s.Config.Data(), Split: scores.Split, Examples: scores.Examples, Samples: scores.Samples, Device: s.Device.Info().Name, Program: s.host.Program,
	}
	for _, v := range scores.Measures {
		if !math.IsNaN(v.Value) && !math.IsInf(v.Value, 0) {
			e.Measures[v.Name] = v.Value
		}
	}
	if s.Folder != nil && s.Weights != "" {
		name, err := filepath.Rel(s.Folder.Dir, s.Weights)
		if err == nil {
			e.Checksum, err = safetensors.Checksum(s.Weights)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("run: %w", err)
		}
		e.Weights = filepath.ToSlash(name)
	}
	return found, e, nil
}
