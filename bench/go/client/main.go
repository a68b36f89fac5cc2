// The load: TLS 1.3 by Go's crypto/tls, for so many milliseconds, and one line of JSON about it. It has a process, and
// where there are two a core, of its own: its CPU time is nobody's who is measured.
//
//	client MODE -address HOST:PORT [-group X25519] [-milliseconds 2000] [-connections 16] [-rate N]
//
// Modes: connect (a new connection for each request), resume (the same with a ticket), http1 and http2 (requests of 1 KB on
// kept connections), download and upload (4 MiB at a time), idle (holds connections until stdin ends). With -rate,
// requests begin at so many a second whether or not the last one is answered, and their latency is reported.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"
)

var (
	address     = flag.String("address", "", "whom to connect to")
	group       = flag.String("group", "X25519", "the only key exchange that is offered")
	version     = flag.String("version", "1.3", "the only version that is offered: 1.3 or 1.2")
	duration    = flag.Int("milliseconds", 2000, "how long")
	connections = flag.Int("connections", 16, "how many at a time")
	rate        = flag.Float64("rate", 0, "operations a second, begun on time; 0: as fast as they are answered")
)

// An operation is done once or over and over, and says how much it has done.
type operation func() (amount int64, err error)

// Result is what is printed. Count is of connections, requests or bytes.
type Result struct {
	Count     int64   `json:"count"`
	Seconds   float64 `json:"seconds"`
	Resumed   int64   `json:"resumed"`
	Group     string  `json:"group"`
	Suite     string  `json:"suite"`
	P50Micros int64   `json:"p50Micros"`
	P99Micros int64   `json:"p99Micros"`
}

func main() {
	log.SetFlags(0)
	mode := os.Args[1]
	check(flag.CommandLine.Parse(os.Args[2:]))
	if mode == "idle" {
		idle()
		return
	}
	operations := map[string]func() operation{
		"connect": connecting, "resume": resuming, "http1": http1, "http2": overHTTP2, "download": downloading, "upload": uploading,
	}
	begin, known := operations[mode]
	if !known {
		log.Fatalf("found mode %q, expected connect, resume, http1, http2, download, upload or idle", mode)
	}
	result := closedLoop
	if *rate > 0 {
		result = openLoop
	}
	check(json.NewEncoder(os.Stdout).Encode(result(begin)))
}

// closedLoop has each connection go on as soon as it is answered.
func closedLoop(begin func() operation) Result {
	operations := prepared(begin)
	var total int64
	var lock sync.Mutex
	var all sync.WaitGroup
	start := time.Now()
	end := start.Add(time.Duration(*duration) * time.Millisecond)
	for _, one := range operations {
		all.Go(func() {
			var done int64
			for time.Now().Before(end) {
				amount, err := one()
				check(err)
				done += amount
			}
			lock.Lock()
			defer lock.Unlock()
			total += done
		})
	}
	all.Wait()
	return Result{Count: total, Seconds: time.Since(start).Seconds(), Resumed: resumed.Load(), Group: seenGroup(), Suite: seenSuite()}
}

// openLoop begins operations on time, so that a server that falls behind shows it (no coordinated omission).
func openLoop(begin func() operation) Result {
	type job struct{ due time.Time }
	jobs := make(chan job, 1<<16)
	var lock sync.Mutex
	var latencies []time.Duration
	var all sync.WaitGroup
	for _, one := range prepared(begin) {
		all.Go(func() {
			var mine []time.Duration
			for job := range jobs {
				_, err := one()
				check(err)
				mine = append(mine, time.Since(job.due))
			}
			lock.Lock()
			defer lock.Unlock()
			latencies = append(latencies, mine...)
		})
	}
	start := time.Now()
	count := int64(*rate * float64(*duration) / 1000)
	for i := range count {
		due := start.Add(time.Duration(float64(i) / *rate * float64(time.Second)))
		time.Sleep(time.Until(due))
		jobs <- job{due}
	}
	close(jobs)
	all.Wait()
	slices.Sort(latencies)
	at := func(share float64) int64 { return latencies[int(share*float64(len(latencies)-1))].Microseconds() }
	return Result{Count: count, Seconds: time.Since(start).Seconds(), Group: seenGroup(), Suite: seenSuite(), P50Micros: at(0.5), P99Micros: at(0.99)}
}

// prepared has every connection's operation ready, and done once: tickets and kept connections are there.
func prepared(begin func() operation) []operation {
	operations := []operation{}
	for range *connections {
		one := begin()
		_, err := one()
		check(err)
		operations = append(operations, one)
	}
	resumed.Store(0)
	return operations
}

// idle opens connections, makes one request on each, and holds them.
func idle() {
	slots := make(chan int, *connections)
	for i := range *connections {
		slots <- i
	}
	close(slots)
	held := make([]operation, *connections)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range slots {
				held[i] = http1()
				_, err := held[i]()
				check(err)
			}
		})
	}
	all.Wait()
	os.Stdout.WriteString("ready\n")
	io.Copy(io.Discard, os.Stdin)
	// The collector closes a connection that nothing leads to any more.
	runtime.KeepAlive(held)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
