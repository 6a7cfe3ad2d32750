package optim

import "genview/models/settings"

// AdamSettings are Adam's settings in a run's configuration. Families embed them in the optim block of their settings.
type AdamSettings struct {
	LR          float64 `yaml:"lr" doc:"learning rate; with a schedule, its peak" range:"(0,)"`
	Beta1       float64 `yaml:"beta1,omitempty" doc:"Adam's beta1: decay rate of the mean of gradients" range:"[0,1)"`
	Beta2       float64 `yaml:"beta2,omitempty" doc:"Adam's beta2: decay rate of the mean of squared gradients" range:"[0,1)"`
	WeightDecay float64 `yaml:"weight_decay,omitempty" doc:"weight decay" range:"[0,)"`
}

// Config returns the configuration for [NewAdam].
func (s AdamSettings) Config() AdamConfig {
	a := AdamDefaults()
	a.LR, a.Beta1, a.Beta2, a.WeightDecay = s.LR, s.Beta1, s.Beta2, s.WeightDecay
	return a
}

// ScheduleSettings are the settings of Adam with the learning rate schedule of [Cosine] and with gradient clipping.
type ScheduleSettings struct {
	AdamSettings `yaml:",inline"`

	MinLR  float64 `yaml:"min_lr,omitempty" doc:"learning rate at the end of its fall" range:"[0,)"`
	Warmup int     `yaml:"warmup,omitempty" doc:"steps over which the learning rate rises from 0" range:"[0,)"`
	Decay  int     `yaml:"decay,omitempty" doc:"steps over which the learning rate falls to min_lr; 0: it does not fall" range:"[0,)"`
	Clip   float64 `yaml:"clip,omitempty" doc:"clip the global norm of the gradients to this; 0: do not clip" range:"[0,)"`
}

// Validate returns an error if the settings contradict each other.
func (s ScheduleSettings) Validate() error {
	if s.MinLR > s.LR {
		return settings.Errorf("optim.min_lr", "is %v and must be at most optim.lr, %v", s.MinLR, s.LR)
	}
	return nil
}
