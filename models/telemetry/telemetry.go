// Package telemetry tells Prometheus how a training goes: its step, its metrics, its speed, the device's memory.
//
//	l, err := telemetry.Listen("9464") // on this machine alone
//	m := telemetry.New()
//	go m.Serve(ctx, l)
//	err = t.Train(ctx, m.Watch(train.Options{LogEvery: 20}, telemetry.About{Run: "letters", Steps: 2000}))
//
// The one idea: training writes into gauges, and whoever asks reads them. No request reaches the device or waits for a step. /metrics has
// the numbers, /grafana.json a dashboard of them for Grafana.
//
// The times of kernels are those of one step, which is timed because somebody asked for /metrics: the next request has them. A step is timed
// every 15 seconds at most; all others are as they would be if nobody asked.
package telemetry

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"genview/models/train"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Dashboard is a dashboard for Grafana, as its import takes it.
//
//go:embed grafana.json
var Dashboard []byte

// A Meter keeps what trainings tell, one after another. Its handler is safe for concurrent use; what Watch returns is for the goroutine that
// trains.
type Meter struct {
	registry *prometheus.Registry
	info     *prometheus.GaugeVec // of the training: run, model, data, device
	active   prometheus.Gauge
	step     prometheus.Gauge
	steps    prometheus.Gauge
	made     prometheus.Counter
	seconds  prometheus.Histogram
	metric   *prometheus.GaugeVec // by name
	rate     prometheus.Gauge
	speed    prometheus.Gauge
	elapsed  prometheus.Gauge
	saved    prometheus.Gauge
	savedAt  prometheus.Gauge
	used     prometheus.Gauge
	held     prometheus.Gauge
	kernels  kernels
}

// New returns a meter of no training yet.
func New() *Meter {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := &Meter{
		registry: prometheus.NewRegistry(),
		info:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "genview_training_info", Help: "1 for the run that is trained."}, []string{"run", "model", "data", "device"}),
		active:   gauge("genview_training_active", "1 while a run is trained or paused, 0 before and afterwards."),
		step:     gauge("genview_training_step", "The newest step."),
		steps:    gauge("genview_training_steps", "The step to which the run is trained."),
		made:     prometheus.NewCounter(prometheus.CounterOpts{Name: "genview_training_made_steps_total", Help: "Steps that this process has made."}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "genview_training_step_seconds", Help: "Time from one step to the next, with all that is done between them.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 18),
		}),
		metric:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "genview_training_metric", Help: "The newest value of each metric, such as loss, and of what is measured on held-out data."}, []string{"metric"}),
		rate:    gauge("genview_training_steps_per_second", "Steps a second, over the newest logged steps."),
		speed:   gauge("genview_training_examples_per_second", "Examples a second, over the newest logged steps."),
		elapsed: gauge("genview_training_elapsed_seconds", "Time trained since training began or went on, without pauses."),
		saved:   gauge("genview_training_saved_step", "The step of the newest checkpoint that this process has written."),
		savedAt: gauge("genview_training_saved_timestamp_seconds", "When that checkpoint was written, in seconds since 1970."),
		used:    gauge("genview_device_memory_used_bytes", "The device's memory in open buffers."),
		held:    gauge("genview_device_memory_held_bytes", "The device's memory that is allocated from the driver."),
	}
	m.registry.MustRegister(m.info, m.active, m.step, m.steps, m.made, m.seconds, m.metric, m.rate, m.speed, m.elapsed, m.saved, m.savedAt, m.used, m.held, &m.kernels,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// About says of what a training is.
type About struct {
	Run, Model, Data, Device string
	From, Steps, Batch       int
	Memory                   func() (used, held int64) // of the device in bytes; nil: it is not told
}

// Watch begins the telling of a training, and returns options that tell it besides what they did before.
func (m *Meter) Watch(o train.Options, about About) train.Options {
	m.info.Reset()
	m.metric.Reset()
	m.info.WithLabelValues(about.Run, about.Model, about.Data, about.Device).Set(1)
	m.active.Set(1)
	m.step.Set(float64(about.From))
	m.steps.Set(float64(about.Steps))
	m.remember(about)
	m.kernels.watch(&o)
	onStep, onLog, onSave, last := o.OnStep, o.OnLog, o.OnSave, time.Duration(0)
	o.OnStep = func(step int, trained time.Duration) {
		m.step.Set(float64(step))
		m.made.Inc()
		if trained > last && last > 0 { // the first one compiles, and one after a lost device begins anew
			m.seconds.Observe((trained - last).Seconds())
		}
		last = trained
		if onStep != nil {
			onStep(step, trained)
		}
	}
	o.OnLog = func(r train.Record) {
		for _, x := range r.Metrics {
			m.metric.WithLabelValues(x.Name).Set(x.Value)
		}
		m.speed.Set(r.ExamplesPerS)
		if about.Batch > 0 {
			m.rate.Set(r.ExamplesPerS / float64(about.Batch))
		}
		m.elapsed.Set(r.Elapsed.Seconds())
		m.remember(about)
		if onLog != nil {
			onLog(r)
		}
	}
	o.OnSave = func(step int) {
		m.saved.Set(float64(step))
		m.savedAt.SetToCurrentTime()
		if onSave != nil {
			onSave(step)
		}
	}
	return o
}

// remember keeps how much memory of the device is in use.
func (m *Meter) remember(about About) {
	if about.Memory != nil {
		used, held := about.Memory()
		m.used.Set(float64(used))
		m.held.Set(float64(held))
	}
}

// Ended tells that the training is over.
func (m *Meter) Ended() { m.active.Set(0) }

// Listen returns a listener at an address. A port alone is one of this machine, which no other reaches; port 0 is any free one.
func Listen(address string) (net.Listener, error) {
	if _, err := strconv.ParseUint(address, 10, 16); err == nil {
		address = ":" + address
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return nil, fmt.Errorf("%q is no address: give a port, as 9464, or an address with a port, as 0.0.0.0:9464", address)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s:%s is taken by another program: give another port, or 0 for any that is free", host, port)
	}
	return l, err
}

// ServeHTTP answers with the metrics, or the dashboard.
func (m *Meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/metrics":
		promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}).ServeHTTP(w, r)
	case "/grafana.json":
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(Dashboard)
	case "/":
		_, _ = fmt.Fprint(w, "/metrics is for Prometheus, /grafana.json is a dashboard for Grafana\n")
	default:
		http.NotFound(w, r)
	}
}

// Serve answers the requests of a listener until ctx ends.
func (m *Meter) Serve(ctx context.Context, l net.Listener) error {
	const timeout = 10 * time.Second
	h := &http.Server{Handler: m, ReadTimeout: timeout, WriteTimeout: timeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 1 << 14}
	stop := context.AfterFunc(ctx, func() { _ = h.Close() })
	defer stop()
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Local tells whether only this machine reaches a listener.
func Local(l net.Listener) bool {
	host, _, err := net.SplitHostPort(l.Addr().String())
	return err == nil && net.ParseIP(strings.Trim(host, "[]")).IsLoopback()
}
