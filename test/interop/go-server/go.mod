module chitin.dev/test/interop/server

go 1.26
