package viewer

import (
	"slices"

	"genview/models/watch"
)

// A joint is a snapshot of a run together with its past, for the panels to show.
type joint struct {
	live, past, scene *watch.Snapshot // what it is made of; scene is the snapshot of the past whose views it has, nil for those of now
	notice            string          // the newest of either
	s                 *watch.Snapshot
}

// join returns the run's snapshot with the views of the step that was sought, as soon as they are there, and with the newest notice of both.
func (st *State) join(live *watch.Snapshot) *watch.Snapshot {
	if st.past == nil {
		return live
	}
	past := st.past.Latest()
	if past.Past == nil {
		return live
	}
	j := joint{live: live, past: past, scene: st.joint.scene, notice: st.joint.notice}
	switch want := st.time.wanted(past.Past.Steps); {
	case want < 0:
		j.scene = nil
	case past.Past.Shown == want:
		j.scene = past
	}
	if st.joint.past == nil || past.Notice != st.joint.past.Notice {
		j.notice = past.Notice
	}
	if st.joint.live == nil || live.Notice != st.joint.live.Notice {
		j.notice = live.Notice
	}
	if j.live == st.joint.live && j.past == st.joint.past && j.scene == st.joint.scene {
		return st.joint.s
	}
	s, p := *live, *past.Past
	s.Past, s.Notice, p.Shown = &p, j.notice, -1
	if j.scene != nil {
		p.Shown, p.Weights = j.scene.Past.Shown, j.scene.Past.Weights
		s.LookStep = p.Shown
		s.Views = slices.DeleteFunc(slices.Clone(live.Views), func(v watch.View) bool { _, ok := v.(*watch.Curves); return !ok })
		s.Show(withReal(j.scene.Views, live.Views)...)
	}
	j.s = &s
	st.joint = j
	return j.s
}

// withReal returns views of the past with the pictures that the model learns from, which a recording omits because they stay the same.
func withReal(past, live []watch.View) []watch.View {
	past = slices.Clone(past)
	for i, v := range past {
		v, ok := v.(*watch.Pictures)
		if !ok {
			continue
		}
		if now := watch.Find[*watch.Pictures](live, v.Name); now != nil && now.Real != nil {
			c := *v
			c.Real = now.Real
			past[i] = &c
		}
	}
	return past
}

// send passes a request to whom it is for: the trainer, or whoever shows the past.
func (st *State) send(r watch.Request, live func(watch.Request) bool) bool {
	if st.past == nil {
		return live(r)
	}
	switch r.(type) {
	case watch.Seek, watch.Film, watch.Draw, watch.Keep, watch.KeepDirection, watch.Vary, watch.Survey, watch.Locate:
		return st.past.Send(r)
	case watch.Decode:
		if replayed(st.snapshot) {
			return st.past.Send(r)
		}
	case watch.Attend, watch.Ablate, watch.Dissect, watch.Generate, watch.Inspect: // now and in the past
		st.past.Send(r) // where nobody takes it yet, the training has not begun
	}
	return live(r)
}

// awaits tells whether the user waits for a step, or for pictures of it, or sees one step after the other.
func (st *State) awaits() bool {
	if st.snapshot.Past == nil {
		return false
	}
	for _, p := range st.panels {
		if l, ok := p.(*Latent); ok && l.awaits(st.snapshot) {
			return true
		}
	}
	want := st.time.wanted(st.snapshot.Past.Steps)
	return st.time.playing || want >= 0 && want != st.snapshot.Past.Shown
}

// replayed tells whether a snapshot has the views of the past.
func replayed(s *watch.Snapshot) bool { return s.Past != nil && s.Past.Shown >= 0 }

// upTo returns the last of sorted steps that is not after step, or the first one; below 0 if there are none.
func upTo(steps []int, step int) int {
	if len(steps) == 0 {
		return -1
	}
	return steps[indexUpTo(steps, step)]
}

// indexUpTo is upTo for the index; steps must not be empty.
func indexUpTo(steps []int, step int) int {
	i, found := slices.BinarySearch(steps, step)
	if !found && i > 0 {
		i--
	}
	return i
}
