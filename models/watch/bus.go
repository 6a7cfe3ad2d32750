package watch

import (
	"fmt"
	"image"
	"sync/atomic"
	"time"
)

// A Request is something an onlooker asks of a trainer, or of package replay about a run's past: a Seek, Film or Draw is for the past alone, a
// Decode, Attend, Ablate, Dissect, Generate or Inspect for both.
type Request interface{ request() }

// Decode asks for the pictures of latent vectors. Only the newest Decode is kept: a waiting one is dropped, unanswered, when another is
// sent.
type Decode struct {
	Z     [][]float32
	Step  int                 // of the weights to draw with, one of [Past.Weights]; a trainer draws with those that it has
	Reply func([]*image.RGBA) // one picture a vector; called once, from the trainer's goroutine; must not block
}

// Attend asks for a text's attention in all further snapshots. Only the newest Attend is kept, like Decode.
type Attend struct{ Text string }

// Seek asks for a snapshot of the past: the newest recorded one up to a step. Only the newest Seek is kept, like Decode.
type Seek struct{ Step int }

// Film asks for a film of a view's past, from one step to another.
type Film struct {
	View     string // its title
	From, To int    // steps
	Format   string // an ending that package film knows, as ".gif"; "/" for a folder of pictures
}

// Draw asks for pictures and a table of the run's metrics in files.
type Draw struct {
	Time     bool     // along the time trained instead of steps
	Epochs   bool     // along epochs
	Log      bool     // logarithmic axes of values
	Smooth   float64  // weight of the moving average, from 0 to below 1
	Only     []string // names of metrics; nil: all
	From, To int      // steps; To 0: to the end
}

// Ablate asks what the model does without a head, in all further snapshots: see [HeatMaps.Cut]. The zero value asks for nothing more.
type Ablate struct {
	Layer string // the name of its [Map]; "": none
	Head  int    // from 0
	Mean  bool   // the head puts out its mean output on held-out data for each position; false: zeros
}

// String describes it in a few words, as "head 3 of h.0.attn (zeros)".
func (a Ablate) String() string {
	how := "zeros"
	if a.Mean {
		how = "its mean"
	}
	return fmt.Sprintf("head %d of %s (%s)", a.Head+1, a.Layer, how)
}

// Dissect asks for the stages of a head's attention to the text of an Attend, in all further snapshots: see [HeatMaps.Stages]. The zero value
// asks for nothing more.
type Dissect struct {
	Layer string `json:"layer"` // the name of its [Map]; "": none
	Head  int    `json:"head"`  // from 0
}

// Generate asks that a model which predicts the next token goes on with the text of an Attend so, in all further snapshots: see [Prompt]. The
// zero value asks for nothing more.
type Generate struct {
	Temperature float64 `json:"temperature"` // divides the logits; 0: always the likeliest token
	TopK        int     `json:"top_k"`       // of the K likeliest tokens; 0: of all
	TopP        float64 `json:"top_p"`       // of the fewest likeliest tokens that together have this probability; 0 or 1: of all
	Seed        uint64  `json:"seed"`
	Tokens      int     `json:"tokens"` // how many, at most MostGenerated
}

// MostGenerated is how many tokens a look generates at most, because it draws them anew each time.
const MostGenerated = 512

// Choose begins what a [Choice] offered.
type Choose struct {
	Name string
	Set  string // changed settings, a line key=value each

	Points *Points // that the user drew, in a plane from −1 to 1; nil: none
}

// Weigh asks what a training would need that Choose would begin; [Needs] answer.
type Weigh struct{ Name, Set string }

// Open opens a run that a [Recent] offered.
type Open struct{ Dir string }

// Learn makes the choices those that can learn from a folder of pictures or a text. Path "" goes back to all.
type Learn struct{ Path string }

// Pause asks the trainer to stop between two steps until a Resume. It serves requests meanwhile.
type Pause struct{}

// Resume ends a Pause.
type Resume struct{}

// Step asks a paused trainer for one step, after which it pauses again. Only names the one of [Snapshot.Parts] that the step runs; "": all.
type Step struct{ Only string }

// Rate asks for another learning rate from the next step on: Factor, above 0, times that of the run's settings.
type Rate struct{ Factor float64 }

// Turn asks for another value of a [Dial] from the next step on.
type Turn struct {
	Key   string
	Value float64
}

// Sample asks for a look at the model now, which also writes samples into the run's folder.
type Sample struct{}

// Train asks to train a run that is not in training, to so many steps in all.
type Train struct{ Steps int }

// Home asks to end what runs, saved, and to go back to the start page.
type Home struct{}

// Inspect asks for what the model is made of in all further snapshots, or for no more of it: see [Layers].
type Inspect struct {
	On      bool
	Layer   string // whose [Features] are shown, too; "": none
	Kernels bool   // the kernels of a training step are timed, too
}

// Save asks for a checkpoint.
type Save struct{}

// Stop asks the trainer to end after the current step and to save.
type Stop struct{}

func (Decode) request()   {}
func (Attend) request()   {}
func (Seek) request()     {}
func (Film) request()     {}
func (Draw) request()     {}
func (Ablate) request()   {}
func (Dissect) request()  {}
func (Generate) request() {}
func (Choose) request()   {}
func (Weigh) request()    {}
func (Open) request()     {}
func (Learn) request()    {}
func (Pause) request()    {}
func (Resume) request()   {}
func (Step) request()     {}
func (Rate) request()     {}
func (Turn) request()     {}
func (Sample) request()   {}
func (Train) request()    {}
func (Home) request()     {}
func (Inspect) request()  {}
func (Save) request()     {}
func (Stop) request()     {}

// A Bus joins one trainer with one onlooker. All methods are safe for concurrent use, and none waits.
type Bus struct {
	snapshot atomic.Pointer[Snapshot]
	changed  chan struct{} // holds a token when a snapshot arrived since the last look
	decode   atomic.Pointer[Decode]
	attend   atomic.Pointer[Attend]
	seek     atomic.Pointer[Seek]
	requests chan Request
	pending  chan struct{} // holds a token when there may be a request to serve
}

// NewBus returns a bus whose newest snapshot is an empty one.
func NewBus() *Bus {
	b := &Bus{
		changed:  make(chan struct{}, 1),
		requests: make(chan Request, 16),
		pending:  make(chan struct{}, 1),
	}
	b.snapshot.Store(&Snapshot{})
	return b
}

// Publish makes s the newest snapshot. Neither s nor anything it points to may be written afterwards.
func (b *Bus) Publish(s *Snapshot) {
	b.snapshot.Store(s)
	signal(b.changed)
}

// Latest returns the newest snapshot, never nil.
func (b *Bus) Latest() *Snapshot { return b.snapshot.Load() }

// Changed returns a channel that gives a value when a snapshot was published since the last value taken.
func (b *Bus) Changed() <-chan struct{} { return b.changed }

// Send passes r to the trainer. It returns false if too many requests wait; try again later.
func (b *Bus) Send(r Request) bool {
	switch r := r.(type) {
	case Decode:
		b.decode.Store(&r)
		signal(b.pending)
		return true
	case Attend:
		b.attend.Store(&r)
		signal(b.pending)
		return true
	case Seek:
		b.seek.Store(&r)
		signal(b.pending)
		return true
	}
	select {
	case b.requests <- r:
		signal(b.pending)
		return true
	default:
		return false
	}
}

// Pending returns a channel that receives a value when a request may be waiting, for a paused trainer.
func (b *Bus) Pending() <-chan struct{} { return b.pending }

// Serve calls h with the waiting requests until none is left or the budget is spent: in the order in which they were sent, but Seek,
// Attend and Decode last. It always serves at least one.
func (b *Bus) Serve(budget time.Duration, h func(Request)) {
	select {
	case <-b.pending:
	default:
	}
	for start := time.Now(); ; {
		r := b.next()
		if r == nil {
			return
		}
		h(r)
		if time.Since(start) >= budget {
			signal(b.pending) // there may be more requests: wake whoever waits on Pending
			return
		}
	}
}

// next returns the request to serve next, or nil. Of requests to seek, to attend and to decode only the newest of each waits.
func (b *Bus) next() Request {
	select {
	case r := <-b.requests:
		return r
	default:
	}
	if k := b.seek.Swap(nil); k != nil {
		return *k
	}
	if a := b.attend.Swap(nil); a != nil {
		return *a
	}
	if d := b.decode.Swap(nil); d != nil {
		return *d
	}
	return nil
}

// signal puts a token into c, which holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
