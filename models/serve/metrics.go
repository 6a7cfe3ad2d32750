package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics tells, in a registry of the server's own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec   // by path and code
	seconds  *prometheus.HistogramVec // by path
	flying   prometheus.Gauge
	refused  *prometheus.CounterVec // by reason
	runs     prometheus.Counter
	pictures prometheus.Counter
	batch    prometheus.Histogram
	dropped  prometheus.Counter
	faults   prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "genview_requests_total", Help: "Requests that were answered."}, []string{"path", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "genview_request_seconds", Help: "Time from a request's headers to the end of its answer.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 16),
		}, []string{"path"}),
		flying:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "genview_requests_in_flight", Help: "Requests that are being answered."}),
		refused:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "genview_refused_total", Help: "Requests that were refused."}, []string{"reason"}),
		runs:     prometheus.NewCounter(prometheus.CounterOpts{Name: "genview_decoder_runs_total", Help: "Runs of the decoder's programs."}),
		pictures: prometheus.NewCounter(prometheus.CounterOpts{Name: "genview_pictures_total", Help: "Pictures that were decoded."}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "genview_batch_pictures", Help: "Pictures that one run of the decoder made.", Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "genview_dropped_total", Help: "Jobs that were dropped because their client had left."}),
		faults:  prometheus.NewCounter(prometheus.CounterOpts{Name: "genview_faults_total", Help: "Faults of the server, each told in its log."}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.flying, m.refused, m.runs, m.pictures, m.batch, m.dropped, m.faults,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// handler serves the metrics in the formats of Prometheus and OpenMetrics.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// answered counts a request. path is that of a route, so that clients cannot make labels.
func (m *metrics) answered(path string, code int, began time.Time) {
	m.requests.WithLabelValues(path, strconv.Itoa(code)).Inc()
	m.seconds.WithLabelValues(path).Observe(time.Since(began).Seconds())
}
