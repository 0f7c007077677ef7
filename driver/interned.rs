// SPDX-License-Identifier: GPL-2.0

//! Objects of which there is one for each key, from the first who uses it to the last.

use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        Arc,
        SpinLock, //
    }, //
};

/// What there is one of for each key.
pub(crate) trait Keyed: Send + Sync + 'static {
    /// The key.
    fn key(&self) -> u64;

    /// How often it is used.
    fn uses(&self) -> &Uses;
}

/// How often an object is used. That falls to 0 under the lock of the tree alone, and then the object
/// leaves the tree; so whoever finds it there can use it.
pub(crate) struct Uses(Atomic<usize>);

impl Uses {
    /// Once: by whoever makes the object.
    pub(crate) fn new() -> Self {
        Self(Atomic::new(1))
    }

    fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// Gives up a use, unless it is the only one.
    fn give_up_one_of_several(&self) -> bool {
        let mut uses = self.0.load(Relaxed);
        while uses > 1 {
            match self.0.cmpxchg(uses, uses - 1, Full) {
                Ok(_) => return true,
                Err(now) => uses = now,
            }
        }
        false
    }

    /// Gives up a use, under the lock of the tree. Returns whether it was the only one.
    fn give_up(&self) -> bool {
        self.0.fetch_sub(1, Full) == 1
    }
}

/// All objects of a kind that anybody uses.
///
/// The lock is held for a look-up or a change in the tree, and no other is taken under it. Whoever
/// uses an object needs no lock to use it once more.
#[pin_data]
pub(crate) struct Interner<T: Keyed> {
    #[pin]
    tree: SpinLock<RBTree<u64, Arc<T>>>,
}

impl<T: Keyed> Interner<T> {
    /// No objects.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self { tree <- new_spinlock!(RBTree::new(), "mq_interned") }),
            GFP_KERNEL,
        )
    }

    /// The object with this key, made now if there is none.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or what `make` fails with.
    pub(crate) fn get_or_make(
        this: &Arc<Self>,
        key: u64,
        make: impl FnOnce() -> Result<Arc<T>>,
    ) -> Result<Interned<T>> {
        if let Some(object) = Self::get(this, key) {
            return Ok(object);
        }
        let object = make()?;
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?.into_node(key, object.clone());
        // Somebody else may have been faster; what was inserted is used then, and what was made
        // here goes once the lock is dropped.
        let spare = {
            let mut tree = this.tree.lock();
            match tree.get(&key) {
                None => {
                    tree.insert(node);
                    None
                }
                Some(earlier) => {
                    earlier.uses().add();
                    Some((node, earlier.clone()))
                }
            }
        };
        Ok(Interned {
            object: spare.map_or(object, |(_, earlier)| earlier),
            interner: this.clone(),
        })
    }

    /// The object with this key, if anybody uses it.
    pub(crate) fn get(this: &Arc<Self>, key: u64) -> Option<Interned<T>> {
        let tree = this.tree.lock();
        let object = tree.get(&key)?;
        object.uses().add();
        Some(Interned {
            object: object.clone(),
            interner: this.clone(),
        })
    }
}

/// A use of an object.
pub(crate) struct Interned<T: Keyed> {
    object: Arc<T>,
    interner: Arc<Interner<T>>,
}

impl<T: Keyed> core::ops::Deref for Interned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T: Keyed> Clone for Interned<T> {
    fn clone(&self) -> Self {
        self.object.uses().add();
        Self {
            object: self.object.clone(),
            interner: self.interner.clone(),
        }
    }
}

impl<T: Keyed> Drop for Interned<T> {
    fn drop(&mut self) {
        let uses = self.object.uses();
        if uses.give_up_one_of_several() {
            return;
        }
        let mut tree = self.interner.tree.lock();
        // Somebody may have found it meanwhile.
        let node = if uses.give_up() {
            tree.remove_node(&self.object.key())
        } else {
            None
        };
        drop(tree);
        drop(node);
    }
}
