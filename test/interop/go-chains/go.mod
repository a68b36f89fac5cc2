module chitin.dev/test/interop/chains

go 1.24
