package notunnel

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/notunnel/notunnel/plugin/flags"
	"github.com/notunnel/notunnel/plugin/subject"
	"github.com/notunnel/notunnel/plugin/verdict"
)

// A flag is worth a line when it is raised and one when it ends; what a client
// sent stands there escaped.
func TestFlagLines(t *testing.T) {
	table, at := flags.New(key, time.Hour), time.Unix(1.7e9, 0)
	table.Follow(flagLog{monitor: true}.changed)
	var s subject.Subject
	s.Parse(`data.t\010.evil\"\032sld.com.`)
	networks, err := subject.NewNetworks(32, 64)
	if err != nil {
		t.Fatal(err)
	}
	networks.Identify(&s.Client, netip.MustParseAddr("192.0.2.1"), "")
	text := logged(t)
	table.Raise(subject.Pair(key.Sum(s.SLD()), subject.OfSLD, s.Client.Hash(&key)), &s, s.SLD(), flags.Flag{
		Ground: verdict.Model, Score: 0.91, Queries: 7, LeakedBytes: 208, Reasons: []flags.Reason{{Text: "one"}, {Text: "two"}},
	}, at)
	table.All(at.Add(2 * time.Hour))
	sld := `evil\034\032sld.com`
	for _, want := range []string{
		"[WARNING] plugin/notunnel: flagged sld=" + sld + " scope=" + sld + " client=" + s.Client.String() +
			` ground=model score=0.910 queries=7 leaked_bytes=208 action=monitor reasons="one; two"` + "\n",
		"[INFO] plugin/notunnel: released sld=" + sld + " scope=" + sld + " client=" + s.Client.String() +
			" ground=model blocked=1 action=monitor why=expired\n",
	} {
		if strings.Count(text.String(), want) != 1 {
			t.Errorf("the log is\n%s\nwant once\n%s", text, want)
		}
	}
}
