package detect

import "testing"

func TestService(t *testing.T) {
	for prefix, want := range map[string]bool{
		"_imaps._tcp": true, "s1._domainkey": true, "_dmarc": true, "a.b._c": true,
		"": false, "www": false, "a_b.c": false, "www_.x_": false, ".": false,
	} {
		if got := service([]byte(prefix)); got != want {
			t.Errorf("service(%q) = %v", prefix, got)
		}
	}
}
