//! One signature for bookings that are sold together: a Merkle tree whose root is signed.
//!
//! Signing costs some 20 µs, hashing well under one; and who sells thousands of tickets a second sells them in batches. The end of a
//! token of version 2 proves that its ticket is a leaf of a tree whose root was signed:
//!
//! | bytes | what |
//! | --- | --- |
//! | 16 n, n from 0 to [`DEPTH_MAX`] | the path: the nodes beside the way from the leaf up to the root |
//! | 64 | Ed25519 signature (RFC 8032) of the ASCII text `marquee tickets v2` and the root |
//! | 1 | the leaf's place: bit k (the lowest is 0) says that the way's node of step k is a right one |
//! | 1 | n |
//!
//! A leaf is the first 16 bytes of the SHA-256 of a zero byte, the ASCII text `marquee ticket v2` and everything before the path; a node
//! those of the SHA-256 of a one byte, its left child and its right child. The first byte keeps a node from passing for a leaf, as in
//! RFC 9162 section 2.1.1. Who would forge a ticket has to find another text for a leaf that is there: 128 bits of work.
//!
//! The tickets of a booking are a tree of their own within it, which anybody who has them grows again: kept beside a booking is only
//! what leads from there to the root.

use std::fmt;

use ed25519_dalek::Signature;
use sha2::{Digest as _, Sha256};

use crate::KeyId;
use crate::token::{KEY_ID_BYTES, SIGNATURE_BYTES};

/// The longest path: of one of 128 tickets in a booking.
const DEPTH_MAX: usize = 7;
/// How many bookings one signature proves at most, as a power of two. A step more makes the QR code harder to scan, and saves little.
const TOGETHER_DEPTH: usize = 2;
/// How many tickets a booking has at most, as a power of two, that is signed together with others: its own path is short.
const SMALL_DEPTH: usize = 2;
const NODE_BYTES: usize = 16;
/// The leaf's place, and the path's length.
const SHAPE_BYTES: usize = 2;
/// The most bytes that a token's proof takes.
pub(crate) const PROOF_BYTES_MAX: usize = DEPTH_MAX * NODE_BYTES + SIGNATURE_BYTES + SHAPE_BYTES;

const LEAF: u8 = 0;
const INNER: u8 = 1;
const TICKET: &[u8] = b"marquee ticket v2";
const TICKETS: &[u8; 18] = b"marquee tickets v2";

pub(crate) type Node = [u8; NODE_BYTES];

/// Proves that a key signed the tickets of a booking.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    kid: KeyId,
    end: End,
}

/// What stands at the end of a token.
#[derive(Clone, PartialEq, Eq)]
struct End {
    path: Vec<Node>,
    signature: [u8; SIGNATURE_BYTES],
    place: u8,
}

impl Proof {
    /// Its bytes, to be kept beside the booking: with them its tickets' tokens are always the same.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.kid.0.to_vec();
        self.end.write(&mut bytes);
        bytes
    }

    /// The proof of those bytes; none when they cannot be one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kid, end) = bytes.split_first_chunk::<KEY_ID_BYTES>()?;
        let (before, end) = End::split(end)?;
        before.is_empty().then_some(Self { kid: KeyId(*kid), end })
    }

    pub(crate) fn kid(&self) -> KeyId {
        self.kid
    }

    /// The ends of the tokens of a booking's tickets, from their leaves.
    pub(crate) fn ends(&self, leaves: &[Node]) -> Vec<Vec<u8>> {
        let tree = Tree::over(leaves);
        let end = |place: usize| {
            let path = tree.path(place).chain(self.end.path.iter().copied()).collect();
            let place = place as u8 | self.end.place << tree.depth();
            let mut bytes = Vec::with_capacity(PROOF_BYTES_MAX);
            End { path, signature: self.end.signature, place }.write(&mut bytes);
            bytes
        };
        (0..leaves.len()).map(end).collect()
    }
}

impl fmt::Debug for Proof {
    /// Not the bytes: who has a proof and the ids has the tickets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof(by {})", self.kid)
    }
}

impl End {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.path.iter().flatten());
        bytes.extend(self.signature);
        bytes.extend([self.place, self.path.len() as u8]);
    }

    /// What stands before the end of these bytes, and the end.
    fn split(bytes: &[u8]) -> Option<(&[u8], Self)> {
        let (rest, [place, depth]) = bytes.split_last_chunk::<SHAPE_BYTES>()?;
        let (rest, signature) = rest.split_last_chunk::<SIGNATURE_BYTES>()?;
        let depth = usize::from(*depth);
        if depth > DEPTH_MAX || usize::from(*place) >> depth != 0 {
            return None;
        }
        let (before, path) = rest.split_at_checked(rest.len().checked_sub(depth * NODE_BYTES)?)?;
        let (path, _) = path.as_chunks();
        Some((before, Self { path: path.to_vec(), signature: *signature, place: *place }))
    }
}

/// Leaves and all that is above them, level by level.
struct Tree(Vec<Vec<Node>>);

impl Tree {
    /// Where there is none of a power of two, a leaf is zero: no text is known that it is the hash of.
    fn over(leaves: &[Node]) -> Self {
        let mut level = leaves.to_vec();
        level.resize(leaves.len().next_power_of_two(), [0; NODE_BYTES]);
        let mut levels = Vec::with_capacity(DEPTH_MAX + 1);
        while level.len() > 1 {
            let above = level.chunks_exact(2).map(|pair| inner(&pair[0], &pair[1])).collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        levels.push(level);
        Self(levels)
    }

    fn depth(&self) -> usize {
        self.0.len() - 1
    }

    fn root(&self) -> Node {
        self.0[self.depth()][0]
    }

    fn path(&self, place: usize) -> impl Iterator<Item = Node> {
        self.0[..self.depth()].iter().enumerate().map(move |(step, level)| level[(place >> step) ^ 1])
    }
}

/// The leaf of a ticket.
pub(crate) fn leaf(stated: &[u8]) -> Node {
    cut(Sha256::new().chain_update([LEAF]).chain_update(TICKET).chain_update(stated))
}

fn inner(left: &Node, right: &Node) -> Node {
    cut(Sha256::new().chain_update([INNER]).chain_update(left).chain_update(right))
}

fn cut(sha: Sha256) -> Node {
    let mut node = [0; NODE_BYTES];
    node.copy_from_slice(&sha.finalize()[..NODE_BYTES]);
    node
}

fn signed(root: &Node) -> Vec<u8> {
    [TICKETS.as_slice(), root].concat()
}

/// Proofs of bookings, each given by its tickets' leaves, under as few signatures of the key `kid` as there may be.
pub(crate) fn prove(kid: KeyId, bookings: &[Vec<Node>], sign: impl Fn(&[u8]) -> [u8; SIGNATURE_BYTES]) -> Vec<Proof> {
    let small = |tickets: &Vec<Node>| tickets.len() <= 1 << SMALL_DEPTH;
    let alike = bookings.chunk_by(|one, next| small(one) && small(next));
    alike.flat_map(|run| run.chunks(1 << TOGETHER_DEPTH)).flat_map(|group| prove_group(kid, group, &sign)).collect()
}

fn prove_group(
    kid: KeyId,
    group: &[Vec<Node>],
    sign: impl Fn(&[u8]) -> [u8; SIGNATURE_BYTES],
) -> impl Iterator<Item = Proof> {
    let roots: Vec<_> = group.iter().map(|tickets| Tree::over(tickets).root()).collect();
    let tree = Tree::over(&roots);
    let signature = sign(&signed(&tree.root()));
    (0..group.len()).map(move |place| {
        let end = End { path: tree.path(place).collect(), signature, place: place as u8 };
        Proof { kid, end }
    })
}

/// What a token of version 2 states, what was signed, and the signature.
pub(crate) fn signed_together(bytes: &[u8]) -> Option<(&[u8], Vec<u8>, Signature)> {
    let (stated, End { path, signature, place }) = End::split(bytes)?;
    let up = |node: Node, (step, beside): (usize, &Node)| match place >> step & 1 {
        0 => inner(&node, beside),
        _ => inner(beside, &node),
    };
    let root = path.iter().enumerate().fold(leaf(stated), up);
    Some((stated, signed(&root), Signature::from_bytes(&signature)))
}
