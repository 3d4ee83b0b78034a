//! A longer model of the remote list.

use super::laws::model;
use testkit::judge;

#[test]
fn takes_between_the_pushes_of_two_threads_lose_nothing() {
    judge(|check| model(check, vec![vec![2, 0], vec![1]], 1));
}
