#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (chancery_fuzzed::target("forms").hold)(bytes));
