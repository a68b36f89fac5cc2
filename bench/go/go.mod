module chitin.dev/bench

go 1.25
