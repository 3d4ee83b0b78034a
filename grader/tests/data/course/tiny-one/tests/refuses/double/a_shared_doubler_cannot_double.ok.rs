fn main() {
    let mut own = tiny_one::double::Doubler;
    own.double(1);
}
