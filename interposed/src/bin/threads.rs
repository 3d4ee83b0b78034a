//! Many threads that allocate, move, hand over and free, and check every byte: `threads THREADS ROUNDS`.

use std::sync::mpsc::sync_channel;

/// A block whose bytes tell who wrote them.
fn write(block: &mut Vec<u8>, mark: u8, size: usize) {
    block.clear();
    block.resize(size, mark);
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse().expect("a number"));
    let (threads, rounds): (usize, usize) = (arguments.next().unwrap_or(64), arguments.next().unwrap_or(200));
    let (send, receive) = sync_channel::<(u8, Vec<u8>)>(threads * 4);
    let workers: Vec<_> = (0..threads)
        .map(|number| {
            let send = send.clone();
            std::thread::spawn(move || {
                let (mark, mut sum, mut block) = (number as u8, 0_u64, Vec::new());
                for round in 0..rounds {
                    let size = (round * 37 + number * 101) % 3000 + 1;
                    write(&mut block, mark, size);
                    assert!(block.iter().all(|byte| *byte == mark), "another thread wrote here");
                    // Grows in place or moves, while others are given what it leaves.
                    block.reserve_exact(size * 4);
                    assert!(block.iter().all(|byte| *byte == mark), "moved without its contents");
                    sum += block.len() as u64;
                    if round % 8 == 0 {
                        send.send((mark, std::mem::take(&mut block))).expect("the receiver lives");
                    }
                }
                sum
            })
        })
        .collect();
    drop(send);
    let handed: u64 = receive
        .iter()
        .map(|(mark, block)| {
            assert!(block.iter().all(|byte| *byte == mark), "overwritten on the way");
            block.len() as u64
        })
        .sum();
    let sum: u64 = workers.into_iter().map(|worker| worker.join().expect("a worker ends well")).sum();
    println!("{threads} threads wrote {sum} bytes and handed over {handed}");
}
