module atprouter/bench/native

go 1.26
