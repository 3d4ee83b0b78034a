//! The result for programs: versioned, with the schema committed at `grader/schema/grade.schema.json`.

use crate::report::view::{self, Reader};
use crate::result::CourseResult;

/// The result as JSON, with a line end.
pub fn render(result: &CourseResult, reader: Reader) -> String {
    let mut text =
        serde_json::to_string_pretty(&*view::of(result, reader)).expect("the result has string keys only");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::sample;

    const SCHEMA: &str = include_str!("../../schema/grade.schema.json");

    /// As much of JSON Schema as ours is written in; a keyword beyond it fails the test.
    fn conforms(schema: &Value, root: &Value, value: &Value, at: &str) -> Result<(), String> {
        for (keyword, rule) in schema.as_object().ok_or("a schema is an object")? {
            let fine = match keyword.as_str() {
                "$schema" | "$id" | "title" | "description" | "$defs" => true,
                "$ref" => {
                    let pointer = rule.as_str().unwrap_or("").trim_start_matches('#');
                    let inner = root.pointer(pointer).ok_or(format!("no {pointer} in the schema"))?;
                    conforms(inner, root, value, at)?;
                    true
                }
                "const" => value == rule,
                "enum" => rule.as_array().is_some_and(|r| r.contains(value)),
                "type" => match rule {
                    Value::Array(any) => any.iter().any(|t| is(t, value)),
                    one => is(one, value),
                },
                "minimum" => value.as_f64() >= rule.as_f64(),
                "required" => rule
                    .as_array()
                    .into_iter()
                    .flatten()
                    .all(|name| name.as_str().is_some_and(|n| value.get(n).is_some())),
                "properties" => {
                    for (name, inner) in rule.as_object().into_iter().flatten() {
                        if let Some(v) = value.get(name) {
                            conforms(inner, root, v, &format!("{at}.{name}"))?;
                        }
                    }
                    true
                }
                "additionalProperties" if rule == false => {
                    let known = schema["properties"].as_object().ok_or("nothing is known")?;
                    value.as_object().is_none_or(|o| o.keys().all(|k| known.contains_key(k)))
                }
                "additionalProperties" => {
                    for (name, v) in value.as_object().into_iter().flatten() {
                        conforms(rule, root, v, &format!("{at}.{name}"))?;
                    }
                    true
                }
                "items" => {
                    for (i, v) in value.as_array().into_iter().flatten().enumerate() {
                        conforms(rule, root, v, &format!("{at}[{i}]"))?;
                    }
                    true
                }
                other => return Err(format!("the test knows no keyword {other}")),
            };
            if !fine {
                return Err(format!("{at}: {keyword}: {rule} does not hold for {value}"));
            }
        }
        Ok(())
    }

    fn is(kind: &Value, value: &Value) -> bool {
        match kind.as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("number") => value.is_number(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("boolean") => value.is_boolean(),
            Some("null") => value.is_null(),
            _ => false,
        }
    }

    #[test]
    fn the_output_conforms_to_the_committed_schema() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        for result in [sample::mixed(), sample::perfect()] {
            for reader in [Reader::Student, Reader::Instructor] {
                let value: Value = serde_json::from_str(&render(&result, reader)).unwrap();
                assert_eq!(conforms(&schema, &schema, &value, "$"), Ok(()));
            }
        }
    }

    #[test]
    fn what_does_not_conform_is_found() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let good: Value = serde_json::from_str(&render(&sample::mixed(), Reader::Student)).unwrap();
        for (pointer, wrong) in [
            ("/schema", Value::from(2)),
            ("/total/score", Value::from("71")),
            ("/assignments/0/exercises/0/checks/0/verdict", Value::from("Perhaps")),
            ("/assignments/0/exercises/0/checks/0/kind", Value::Null),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = wrong;
            assert!(conforms(&schema, &schema, &bad, "$").is_err(), "{pointer}");
        }
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove("total");
        assert!(conforms(&schema, &schema, &bad, "$").is_err());
        let mut bad = good;
        bad.as_object_mut().unwrap().insert("more".into(), Value::Null);
        assert!(conforms(&schema, &schema, &bad, "$").is_err());
    }

    #[test]
    fn the_json_reads_as_before() {
        insta::assert_snapshot!(render(&sample::mixed(), Reader::Student));
    }
}
