module chitin.dev/test/interop

go 1.26
