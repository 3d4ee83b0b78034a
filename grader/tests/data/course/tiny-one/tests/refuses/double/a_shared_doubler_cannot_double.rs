fn main() {
    let shared = &tiny_one::double::Doubler;
    shared.double(1); //~ E0596
}
