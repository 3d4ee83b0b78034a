//! Puts drawings into one self-contained HTML page, given.

/// A page with a heading and drawings, each an SVG element under a caption. Names are escaped.
pub fn html(title: &str, drawings: &[(&str, &str)]) -> String {
    let title = escaped(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n\
         <body><h1>{title}</h1>\n"
    );
    for (caption, svg) in drawings {
        page.push_str(&format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escaped(caption)));
    }
    page.push_str("</body></html>\n");
    page
}

/// Text as it may stand in an element or an attribute.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
