package lab

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics are the values that a resolver shows at one moment.
type Metrics map[string]*dto.MetricFamily

// Scrape reads the metrics at host:port. dial may be nil.
func Scrape(addr string, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (Metrics, error) {
	client := http.Client{Timeout: Patience, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	resp, err := client.Get("http://" + addr + "/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(body)))
	if err != nil {
		return nil, fmt.Errorf("metrics at %v of %s: %w", time.Now(), addr, err)
	}
	return families, nil
}

// Sum adds up the series of a counter or gauge that carry all the labels,
// given as name and value in turn; 0 if there is none.
func (m Metrics) Sum(name string, labels ...string) (sum float64) {
	for _, series := range m[name].GetMetric() {
		if carries(series, labels) {
			sum += series.GetCounter().GetValue() + series.GetGauge().GetValue()
		}
	}
	return sum
}

// Has reports whether there is a series that carries all the labels.
func (m Metrics) Has(name string, labels ...string) bool {
	return slices.ContainsFunc(m[name].GetMetric(), func(series *dto.Metric) bool { return carries(series, labels) })
}

func carries(series *dto.Metric, labels []string) bool {
	has := map[string]string{}
	for _, l := range series.GetLabel() {
		has[l.GetName()] = l.GetValue()
	}
	for i := 0; i+1 < len(labels); i += 2 {
		if has[labels[i]] != labels[i+1] {
			return false
		}
	}
	return true
}
