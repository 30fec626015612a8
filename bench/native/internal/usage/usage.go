// Package usage reads the CPU time of this process.
package usage

import "syscall"

// CPUSeconds returns user plus system time of all threads of this process so far (getrusage(2), RUSAGE_SELF).
func CPUSeconds() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return seconds(r.Utime) + seconds(r.Stime)
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
