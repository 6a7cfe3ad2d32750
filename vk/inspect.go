package vk

import (
	"iter"
	"slices"

	"genview/shaders/spirv"
)

// A Step is one command of a program, for inspection: a dispatch, or, if Module is nil, a fill of the first view with *Fill, a copy of the
// second view to the first, or, of a single view, a copy to an image of a swapchain.
type Step struct {
	Label  string
	Module *spirv.Module
	Consts []spirv.Const
	Groups [3]int
	Views  []View // one for each binding of the module, in order
	Fill   *uint32
}

// Steps lists the program's commands in order.
func (p *Program) Steps() iter.Seq[Step] {
	return func(yield func(Step) bool) {
		for _, c := range p.commands {
			s := Step{Label: c.label, Groups: c.groups, Views: c.views, Fill: c.fill}
			if c.kernel != nil {
				s.Module, s.Consts = c.kernel.module, slices.Clone(c.kernel.consts)
			}
			if !yield(s) {
				return
			}
		}
	}
}
