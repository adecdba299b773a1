// Package lab runs the real resolver on loopback, beside an upstream that
// writes down what it is asked, for the tests of this folder and for the demo.
package lab

import (
	"fmt"
	"time"
)

// Patience is how long anything that must happen may take: long, because a
// busy machine is many times slower than an idle one, and what works does not
// wait.
const Patience = 60 * time.Second

// Wait polls until done is true; what says in the error what did not happen.
func Wait(what string, done func() bool) error {
	for end := time.Now().Add(Patience); ; time.Sleep(10 * time.Millisecond) {
		if done() {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("within %v: no %s", Patience, what)
		}
	}
}
