include!("../judge.inc");

mod double {
    mod correctness {
        #[test]
        fn big_numbers() {
            crate::check(false, "double", 1 << 40, 1 << 41);
        }
    }
}
