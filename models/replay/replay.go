// Package replay shows a run's past while it is trained or afterwards, and what another process has trained so far.
//
//	past := watch.NewBus()
//	go replay.Play(ctx, past, replay.Options{Folder: folder, Open: open})
//	past.Send(watch.Seek{Step: 1200})
//	<-past.Changed()
//	past.Latest() // the views of step 1,200
//
// The one idea: the past is a bus like that of a trainer, whose step the onlooker moves. Its views come from the run's recording. Pictures of
// latent vectors and the attention of a typed text are computed by a model of its own, with the weights of the newest key checkpoint up to
// that step, so that a training goes on untouched. To exchange the weights of the model in training was rejected: a process that dies
// meanwhile, or a lost device, would leave them in the wrong place.
package replay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"genview/models/film"
	"genview/models/record"
	"genview/models/run"
	"genview/models/train"
	"genview/models/watch"
)

// Options say what is shown, and with what.
type Options struct {
	Folder  *train.Run
	Session *run.Session                                              // with some weights of the run; nil: Open is called when one is needed
	Open    func(ctx context.Context, step int) (*run.Session, error) // with the recorded weights of a step; Play closes it
	Live    *watch.Bus                                                // on which Play shows what the run is now, too, with Session; nil: its trainer does
	Fixed   func() error                                              // loads the weights that Live shows for ever; nil: the newest, and Live follows the run
	Next    func(r watch.Request)                                     // receives a Train or a Home on Live, which Play does not serve; nil: nobody does
	Axes    []watch.Point                                             // directions of latent spaces

	Filming   context.Context         // its end cuts off a film; the end of Play does not. nil: it has no end
	About     []film.Note             // of films
	Watermark string                  // of films; see [film.Film]
	CacheDir  string                  // for the index of the system's fonts; "": they are not used
	Made      func(what, path string) // receives what the onlooker had written to a file; nil: nobody does
	Say       func(line string)       // receives what is still of interest when the onlooker is gone; nil: nobody does
}

// poll is how often the run's folder is looked at.
const poll = time.Second

// Play shows a run's past on a bus, and serves requests for it, until ctx ends. Then it finishes the film that it is making.
func Play(ctx context.Context, past *watch.Bus, o Options) {
	if o.Filming == nil {
		o.Filming = context.Background()
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	if o.Made == nil {
		o.Made = func(string, string) {}
	}
	p := &player{Options: o, past: past, session: o.Session, weights: now, opened: make(chan opened, 1), films: make(chan news)}
	if p.session != nil {
		p.following.step = p.session.Step
	}
	p.refresh(ctx)
	p.play(ctx)
	p.end()
}

// player is the state of Play.
type player struct {
	Options
	past      *watch.Bus
	recording *record.Recording // nil: there is none yet
	shown     int               // the step that was sought
	moment    *record.Moment    // what the recording has of it; nil: none was sought
	wishes    wishes
	inside    inside
	notice    string
	following following

	session *run.Session // nil: it is not open
	weights int          // step of its weights, or now, or none
	opening bool
	opened  chan opened
	failed  error // of opening, which is not tried again

	waiting *watch.Decode // until the session is open
	work    []work
	busy    bool   // a search goes on, which keeps the weights
	stop    func() // ends it; nil: there is none
	unread  bool   // the wishes wait for the weights of the shown step
	filming bool
	films   chan news
}

// The weights of a session that are of no recorded step.
const (
	now  = -1 // the newest, or those that Live shows for ever
	none = -2 // unknown
)

// opened is a session that was opened in the background.
type opened struct {
	session *run.Session
	err     error
}

// play serves requests until ctx ends.
func (p *player) play(ctx context.Context) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	var live <-chan struct{}
	if p.Live != nil {
		live = p.Live.Pending()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.refresh(ctx)
		case n := <-p.films:
			p.filmed(n)
		case o := <-p.opened:
			p.open(ctx, o)
		case <-p.past.Pending():
			p.past.Serve(time.Second, func(r watch.Request) { p.answer(ctx, r) })
			p.read(ctx)
			p.works(ctx)
		case <-live:
			p.Live.Serve(time.Second, func(r watch.Request) { p.answerNow(ctx, r) })
		}
	}
}

// end waits for what runs in the background, and closes the session that Play has opened.
func (p *player) end() {
	if p.filming {
		p.Say("finishing the film; Ctrl-C drops it")
	}
	for p.filming {
		n := <-p.films
		p.filmed(n)
		if n.ended {
			p.Say(n.text)
		}
	}
	if p.opening {
		if o := <-p.opened; o.err == nil {
			p.session = o.session
		}
	}
	p.inside.close()
	if p.session != nil && p.session != p.Options.Session {
		_ = p.session.Close() // it was only read
	}
}

// refresh looks what the run's folder has by now.
func (p *player) refresh(ctx context.Context) {
	r, err := p.Folder.Recording()
	switch {
	case errors.Is(err, record.ErrNone): // yet; a run that was begun anew has one no longer
		p.recording = nil
	case err != nil:
		p.say(err)
	default:
		if p.recording == nil || !slices.Equal(r.Steps(), p.recording.Steps()) || !slices.Equal(r.Keys(), p.recording.Keys()) {
			p.recording = r
			p.publish()
		}
		p.recording = r
	}
	if p.Live != nil && p.Fixed == nil {
		p.follow(ctx)
	}
}

// say shows an error to the onlooker.
func (p *player) say(err error) {
	if p.notice != err.Error() {
		p.notice = err.Error()
		p.publish()
	}
}

// publish shows the moment that was sought, and what else can be.
func (p *player) publish() {
	s := &watch.Snapshot{Notice: p.notice, Past: &watch.Past{Shown: -1, Weights: -1}}
	if p.recording != nil {
		s.Past.Steps = p.recording.Steps()
	}
	if p.moment != nil {
		s.Past.Shown, s.Step, s.LookStep = p.moment.Step, p.moment.Step, p.moment.Step
		s.Past.Weights = p.key()
		s.Views = p.along(p.moment.Views)
	}
	p.past.Publish(s)
}

// along returns views whose latent space has the run's directions.
func (p *player) along(views []watch.View) []watch.View {
	if len(p.Axes) == 0 {
		return views
	}
	views = slices.Clone(views)
	for i, v := range views {
		if l, ok := v.(*watch.Latent); ok {
			c := *l
			c.Axes = p.Axes
			views[i] = &c
		}
	}
	return views
}

// key returns the step of the weights that belong to what is shown; below 0: there are none.
func (p *player) key() int {
	if p.recording == nil || p.failed != nil {
		return -1
	}
	_, at, err := p.recording.Key(p.shown)
	if err != nil {
		return -1
	}
	return at
}

// answer serves a request for the past.
func (p *player) answer(ctx context.Context, r watch.Request) {
	switch r := r.(type) {
	case watch.Seek:
		p.seek(r.Step)
	case watch.Attend, watch.Ablate, watch.Dissect, watch.Generate, watch.Inspect:
		p.wishes.add(r)
		p.unread = p.moment != nil && !p.wishes.fit(p.moment.Views)
	case watch.Decode:
		p.waiting = &r
		p.decode(ctx)
	case watch.Film:
		p.film(r)
	case watch.Draw:
		p.draw(r)
	case watch.Keep:
		p.keep(r)
	case watch.KeepDirection:
		p.keepDirection(r)
	case watch.Vary:
		p.vary(r)
	case watch.Survey:
		p.survey(r)
	case watch.Locate:
		p.locate(r)
	}
}

// seek shows what is recorded of a step.
func (p *player) seek(step int) {
	m, err := p.at(step)
	switch {
	case err != nil && p.recording == nil:
		p.say(err)
		return
	case err != nil: // the views of another step would be taken for those of this one
		steps := p.recording.Steps()
		i, found := slices.BinarySearch(steps, step)
		if !found {
			i = max(i-1, 0)
		}
		m = &record.Moment{Step: steps[i]}
		p.notice = err.Error()
	}
	p.shown, p.moment = step, m
	p.unread = !p.wishes.fit(m.Views)
	if len(m.Lost) > 0 {
		p.notice = "of the recording is lost: " + m.Lost[0]
	}
	p.publish()
}

// at reads a moment. The recording may have been thinned since it was listed, so a moment that is gone is looked for again.
func (p *player) at(step int) (*record.Moment, error) {
	if p.recording == nil {
		return nil, record.ErrNone
	}
	m, err := p.recording.At(step)
	if !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	r, err := p.Folder.Recording()
	if err != nil {
		return nil, err
	}
	p.recording = r
	return r.At(step)
}

// read grants the wishes with the weights of the shown step, if they wait for that.
func (p *player) read(ctx context.Context) {
	if !p.unread || p.moment == nil || !p.rewound(ctx, p.key()) {
		return
	}
	p.unread = false
	views, err := p.reread(ctx, p.moment.Views)
	if err != nil {
		p.say(err)
		return
	}
	m := *p.moment
	m.Views = views
	p.moment = &m
	p.publish()
}

// decode draws the latent vectors that wait.
func (p *player) decode(ctx context.Context) {
	if d := p.waiting; d != nil && p.rewound(ctx, d.Step) {
		p.waiting = nil
		p.session.Model.Answer(ctx, *d)
	}
}

// rewound loads the recorded weights of a step, and tells whether the session has them. It begins to open a session if there is none.
func (p *player) rewound(ctx context.Context, step int) bool {
	switch {
	case step < 0 || p.failed != nil || p.opening || p.busy && p.weights != step:
		return false
	case p.session == nil:
		p.opening = true
		go func() {
			s, err := p.Open(ctx, step)
			p.opened <- opened{s, err}
		}()
		return false
	case p.weights == step:
		return true
	}
	if err := p.session.Rewind(step); err != nil {
		p.weights = none
		p.say(fmt.Errorf("the weights of step %d: %w", step, err))
		return false
	}
	p.weights = p.session.Step
	return p.weights == step // else the key checkpoint is gone, and the onlooker soon asks for another
}

// open takes a session that was opened, and does what waited for it.
func (p *player) open(ctx context.Context, o opened) {
	p.opening = false
	if p.failed = o.err; o.err != nil {
		if ctx.Err() == nil {
			p.say(fmt.Errorf("the past is shown as it was recorded, and nothing is computed: %w", o.err))
			p.publish()
		}
		p.works(ctx)
		return
	}
	p.session, p.weights = o.session, o.session.Step
	p.decode(ctx)
	p.read(ctx)
	p.works(ctx)
}
