include!("../judge.inc");

mod double {
    mod correctness {
        #[test]
        fn two_is_four() {
            crate::check(false, "double", 2, 4);
        }

        #[test]
        fn nothing_stays_nothing() {
            crate::check(false, "double", 0, 0);
        }
    }

    mod concurrency {
        #[test]
        fn is_built_with_loom() {
            crate::check(true, "loom", 0, 1);
        }
    }

    mod performance {
        #[test]
        fn is_quick() {
            crate::check(false, "double", 1, 2);
        }
    }
}

mod triple {
    mod correctness {
        #[test]
        fn two_is_six() {
            crate::check(false, "triple", 2, 6);
        }
    }
}

mod more {
    mod correctness {
        #[test]
        fn two_is_three() {
            crate::check(false, "more", 2, 3);
        }
    }
}
