//! Hints, one after the other.

use crate::course::Course;

const HANDOUT: &str = "# Arithmetic\n\n## 1.1 Doubling (`double`)\n\n**Background.** Euclid, book V.\n\n\
    <details><summary>Hint 1: sums</summary>\n\nA number and itself.\n\n</details>\n\
    <details><summary>Hint 2: shifts</summary>\n\nOne bit up.\n\n</details>\n";

#[test]
fn sources_are_told_once_and_named_from_then_on() {
    let course = Course::fresh();
    course.write("tiny-one/README.md", HANDOUT);
    let first = course.run(&["hint", "tiny/double"]).out;
    assert!(first.contains("A number and itself.") && first.contains("Euclid, book V."), "{first}");
    let second = course.run(&["hint", "tiny/double"]).out;
    assert!(second.contains("One bit up.") && !second.contains("Euclid"), "{second}");
    let place = "the background of \"1.1 Doubling (`double`)\" in tiny-one/README.md";
    assert!(second.contains(place), "{second}");
}
