package verdict

import "testing"

func TestOnJoint(t *testing.T) {
	rules := Rules{Joint: JointRules{Threshold: 0.8, Floor: JointEvidence{SLDs: 2, Events: 6, Information: 48}}}
	enough := JointEvidence{SLDs: 2, Events: 6, Information: 48}
	whole := Likeness{Events: 6, Alike: 0.6, Shared: 0.4}
	for _, c := range []struct {
		name string
		is   JointCase
		want Verdict
	}{
		{"like the others", JointCase{0.8, enough, Likeness{1, 0.3, 0.2}, whole, nil}, Block},
		{"below the threshold", JointCase{0.799, enough, whole, whole, nil}, Pass},
		{"a single SLD", JointCase{1, JointEvidence{1, 60, 480}, whole, whole, nil}, Pass},
		{"too few events", JointCase{1, JointEvidence{5, 5, 480}, whole, whole, nil}, Pass},
		{"too little information", JointCase{1, JointEvidence{5, 60, 47}, whole, whole, nil}, Pass},
		{"laid out otherwise", JointCase{1, enough, Likeness{3, 0.29, 0.4}, whole, nil}, Pass},
		{"laid out like few", JointCase{1, enough, Likeness{3, 0.19, 0.4}, Likeness{6, 0.2, 0.4}, nil}, Pass},
		{"other labels", JointCase{1, enough, Likeness{3, 0.6, 0.19}, whole, nil}, Pass},
		{"no label is shared, one name", JointCase{1, enough, Likeness{1, 0.6, 0}, Likeness{6, 0.6, 0}, nil}, Pass},
		{"no label is shared, two names", JointCase{1, enough, Likeness{2, 0.6, 0}, Likeness{6, 0.6, 0}, nil}, Block},
	} {
		c.is.Scope = []byte("example.com")
		got := rules.OnJoint(&c.is)
		if got.Verdict != c.want || (got.Ground == Model) != (c.want == Block) || (string(got.Scope) == "example.com") != (c.want == Block) {
			t.Errorf("%s: %v, ground %q, scope %q", c.name, got.Verdict, got.Ground, got.Scope)
		}
	}
}
