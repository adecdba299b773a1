package capture

import (
	"bytes"
	"encoding/json"
	"errors"
)

var errNotZeekDNS = errors.New("not an entry of Zeek's dns.log: it has neither query nor trans_id")

// newZeekJSON reads dns.log with a JSON object a line: as Zeek writes it, with
// scopes separated by a dot or an underscore or as objects, and as Corelight
// streams it with other logs, told apart by _path.
func newZeekJSON(r *reading) lineReader { return stateless{r, readZeekJSON} }

// zeekOf are what tells an entry of Zeek's from other objects.
var zeekOf = [][]byte{[]byte(`"trans_id"`), []byte(`"id.orig_h"`), []byte(`"id_orig_h"`), []byte(`"_path"`), []byte(`"qtype_name"`)}

func readZeekJSON(r *reading, l *line) (bool, error) {
	if l.text[0] != '{' {
		return false, nil
	}
	named := bytes.Contains(l.text, []byte(`"query"`)) && !bytes.Contains(l.text, []byte(`"event_type"`))
	for _, key := range zeekOf {
		named = named || bytes.Contains(l.text, key)
	}
	if !named {
		return false, nil
	}
	var entry struct {
		Path       string          `json:"_path"`
		TS         json.RawMessage `json:"ts"`
		Client     string          `json:"id.orig_h"`
		Underscore string          `json:"id_orig_h"`
		ID         struct {
			Client string `json:"orig_h"`
		} `json:"id"`
		TransID  *int     `json:"trans_id"`
		Query    *string  `json:"query"`
		Type     *uint16  `json:"qtype"`
		TypeName string   `json:"qtype_name"`
		Rcode    *int     `json:"rcode"`
		TC       bool     `json:"TC"`
		AA       bool     `json:"AA"`
		Answers  []string `json:"answers"`
	}
	err := json.Unmarshal(l.text, &entry)
	if entry.Path != "" && !isZeekDNS(entry.Path) {
		r.zeekSkipped(entry.Path) // whose fields may be of other types
		return true, nil
	}
	if err != nil {
		return true, err
	}
	if entry.Path == "" && entry.Query == nil && entry.TransID == nil {
		return true, errNotZeekDNS
	}
	z := zeekRecord{
		path: entry.Path, client: entry.Client, query: entry.Query, qtype: entry.Type, typeName: entry.TypeName,
		rcode: entry.Rcode, tc: entry.TC, aa: entry.AA, answers: entry.Answers,
	}
	if z.client == "" {
		z.client = entry.Underscore
	}
	if z.client == "" {
		z.client = entry.ID.Client
	}
	if ts := string(bytes.Trim(entry.TS, `"`)); ts != "" && ts != "null" {
		if z.at, err = zeekTime(ts); err != nil {
			return true, err
		}
	}
	return true, r.zeek(&z)
}
